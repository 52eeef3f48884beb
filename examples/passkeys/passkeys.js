// Passkeys of limen in a browser. Nothing else is needed: the browser reads limen's options and
// writes its own answers as JSON.

export class Refused extends Error {
  constructor({ code, message }) {
    super(message);
    this.code = code;
  }
}

export class Passkeys {
  constructor(api) {
    this.api = api; // such as https://id.example.org/api/v1
  }

  // Enrol a passkey for whoever has this access token. It needs a fresh sign-in.
  async enrol(token, name = "") {
    const { ceremony, options } = await this.ask("POST", "/me/factors/passkeys/options", { token });
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    const credential = await navigator.credentials.create({ publicKey });
    const body = { ceremony, credential: credential.toJSON(), name };
    return this.ask("POST", "/me/factors/passkeys", { token, body });
  }

  // Sign in by whichever passkey of this site the person chooses, or by one of this account.
  async signIn(identifier) {
    const asked = { body: identifier ? { identifier } : {} };
    const { ceremony, options } = await this.ask("POST", "/auth/passkey/options", asked);
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
    const credential = await navigator.credentials.get({ publicKey });
    const body = { ceremony, credential: credential.toJSON() };
    return this.ask("POST", "/auth/passkey", { body });
  }

  list(token) {
    return this.ask("GET", "/me/factors/passkeys", { token });
  }

  remove(token, id) {
    return this.ask("DELETE", `/me/factors/passkeys/${id}`, { token });
  }

  async ask(method, path, { token, body } = {}) {
    const headers = {};
    if (token) headers.authorization = `Bearer ${token}`;
    if (body) headers["content-type"] = "application/json";
    const response = await fetch(this.api + path, { method, headers, body: JSON.stringify(body) });
    if (response.status === 204) return null;
    const answer = await response.json();
    if (!answer.success) throw new Refused(answer.error);
    return answer.data;
  }
}
