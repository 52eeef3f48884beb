"""An example of every shape, for the OpenAPI document; a test holds each to its schema."""

from collections.abc import Mapping
from typing import Any, Final

_USER_ID: Final = "019a3c5e-8f2b-7c41-9d3e-5b6a7f8091a2"
_SESSION_ID: Final = "019a3c5e-9a10-7b52-8c4d-1f2e3d4c5b6a"
_PASSWORD: Final = "correct horse battery staple"  # noqa: S105 - everybody's example
_CREATED: Final = "2026-01-31T12:00:00Z"
_REFRESH: Final = "limen_rt_AZo8XpoQe1KMTR8uPUxbagAAAAGX0l1uJ1yB3o6m4m3xgkq2qk3n0r8sJc5V7w9yZ1aBcA"

_KEY_ID: Final = "019a3c5e-b1d2-7e83-9f4a-5b6c7d8e9fa0"
_PUBLIC_PART: Final = "limen_ak_031TeYmMoF1HbhGoiAxU5g"
_KEY: Final = "limen_ak_031TeYmMoF1HbhGoiAxU5g_No287qEH4uQv9vBo5cxQTXAw02KFtzjuPbCrH1FrBEB_3nvcvx"
_API_KEY: Final[Mapping[str, Any]] = {
    "id": _KEY_ID,
    "owner_id": _USER_ID,
    "made_by": _USER_ID,
    "name": "Nightly build",
    "public_part": _PUBLIC_PART,
    "scopes": ["invoices.read", "users.read"],
    "status": "active",
    "created_at": _CREATED,
    "expires_at": "2027-01-31T12:00:00Z",
    "last_used_at": None,
    "ended_at": None,
    "end_reason": None,
    "successor_id": None,
    "version": 1,
}
_ACCESS: Final = "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.e30.c2lnbmF0dXJl"
_PARTIAL: Final = "limen_ps_AZo8XpoQe1KMTR8uPUxbagGX0l1uJ1yB3o6m4m3xgkq2qk3n0r8sJc5V7w9yZ1aB"
_BROWSER: Final = "2vkQh3x8Yc0m1R5nU7tKpW9sLzEaGdJfBqXoVyNi6T4"
_CHALLENGE: Final = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA"
_CREDENTIAL: Final = "b3BxcnN0dXZ3eHl6e3x9fn-AgYKDhIWGh4iJiouMjY4"
_LINK: Final = "limen_verify-email_AZo8XpoQe1KMTR8uPUxbagGX0l1uJ1yB3o6m4m3xgkq2qk3n0r8sJc5V7w9yZ1aB"

_TOTP: Final = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

_CSRF: Final = "kM4sV9tQe2Xw7RzY0bHnLcJ5uPdGfA1oE6iTq3WmKxg"

_USER: Final[Mapping[str, Any]] = {
    "id": _USER_ID,
    "kind": "person",
    "email": "ada@example.org",
    "username": "ada",
    "name": "Ada Lovelace",
    "locale": "en-GB",
    "status": "active",
    "attributes": {"team": "engines"},
    "email_verified": True,
    "email_verified_at": _CREATED,
    "created_at": _CREATED,
    "updated_at": _CREATED,
    "last_sign_in_at": None,
    "version": 1,
}
_SESSION: Final[Mapping[str, Any]] = {
    "id": _SESSION_ID,
    "user_id": _USER_ID,
    "state": "full",
    "label": "Laptop",
    "address": "203.0.113.7",
    "user_agent": "Mozilla/5.0",
    "methods": ["pwd"],
    "authenticated_at": _CREATED,
    "is_current": True,
    "created_at": _CREATED,
    "last_used_at": _CREATED,
    "idle_expires_at": "2026-02-14T12:00:00Z",
    "expires_at": "2026-05-01T12:00:00Z",
}

_TOKENS: Final[Mapping[str, Any]] = {
    "state": "full",
    "access_token": _ACCESS,
    "token_type": "Bearer",
    "expires_in": 900,
    "refresh_token": _REFRESH,
    "refresh_expires_in": 1209600,
    "session_id": _SESSION_ID,
    "user": _USER,
}

EXAMPLES: Final[Mapping[str, Any]] = {
    "RegisterUserIn": {
        "email": "ada@example.org",
        "password": _PASSWORD,
        "username": "ada",
        "name": "Ada Lovelace",
        "locale": "en-GB",
    },
    "SignInIn": {"identifier": "ada@example.org", "password": _PASSWORD, "label": "Laptop"},
    "VerifyEmailIn": {"token": _LINK},
    "SendVerificationIn": {"identifier": "ada@example.org"},
    "ChangeEmailIn": {"new_email": "ada@example.com"},
    "AskLinkIn": {"identifier": "ada@example.org"},
    "CompleteLinkIn": {
        "browser_token": _BROWSER,
        "identifier": "ada@example.org",
        "code": "WDJB-MJHT",
        "label": "Laptop",
    },
    "FinishSignInIn": {"partial_token": _PARTIAL, "code": "287082"},
    "StopSignInIn": {"partial_token": _PARTIAL},
    "PartialSignInOut": {
        "state": "partial",
        "partial_token": _PARTIAL,
        "expires_in": 600,
        "factors": ["totp", "recovery_code"],
    },
    "BeginRequiredTotpIn": {"partial_token": _PARTIAL},
    "ConfirmRequiredTotpIn": {"partial_token": _PARTIAL, "code": "287082"},
    "StepUpIn": {"password": _PASSWORD, "code": "287082"},
    "CookieSessionOut": {
        "state": "full",
        "csrf_token": _CSRF,
        "session": _SESSION,
        "user": _USER,
    },
    "CookieSignInIn": {
        "identifier": "ada@example.org",
        "password": _PASSWORD,
        "label": "Laptop",
        "is_remembered": True,
    },
    "FinishCookieSignInIn": {
        "partial_token": _PARTIAL,
        "code": "287082",
        "is_remembered": True,
    },
    "ExchangeForCookieIn": {"refresh_token": _REFRESH, "is_remembered": True},
    "RememberedOut": {
        "id": _SESSION_ID,
        "user_id": _USER_ID,
        "label": "Laptop",
        "address": "203.0.113.7",
        "user_agent": "Mozilla/5.0",
        "authenticated_at": _CREATED,
        "is_current": True,
        "created_at": _CREATED,
        "used_at": _CREATED,
        "expires_at": "2026-03-02T12:00:00Z",
    },
    "CsrfOut": {"csrf_token": _CSRF},
    "SteppedUpOut": {
        "access_token": _ACCESS,
        "token_type": "Bearer",
        "expires_in": 900,
        "refresh_token": _REFRESH,
        "refresh_expires_in": 1209600,
    },
    "LinkAskedOut": {"browser_token": _BROWSER},
    "AskPasskeyIn": {"identifier": "ada@example.org"},
    "PasskeyAskedOut": {
        "ceremony": _BROWSER,
        "options": {
            "challenge": _CHALLENGE,
            "timeout": 300000,
            "rpId": "id.example.org",
            "allowCredentials": [
                {"type": "public-key", "id": _CREDENTIAL, "transports": ["hybrid", "internal"]}
            ],
            "userVerification": "required",
        },
    },
    "AnswerPasskeyIn": {
        "ceremony": _BROWSER,
        "credential": {
            "id": _CREDENTIAL,
            "rawId": _CREDENTIAL,
            "type": "public-key",
            "response": {
                "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0",
                "authenticatorData": "FTcfQWoo9MZLr6",
                "signature": "MEUCIQDl",
                "userHandle": "AZo8Xo8rfEGdPltqf4CRog",
            },
        },
        "label": "Laptop",
    },
    "EnrolPasskeyIn": {
        "ceremony": _BROWSER,
        "credential": {
            "id": _CREDENTIAL,
            "rawId": _CREDENTIAL,
            "type": "public-key",
            "response": {
                "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIn0",
                "attestationObject": "o2NmbXRkbm9uZWdhdHRTdG10oA",
                "transports": ["hybrid", "internal"],
            },
        },
        "name": "Telephone",
    },
    "AskToFinishIn": {"partial_token": _PARTIAL},
    "FinishByPasskeyIn": {
        "partial_token": _PARTIAL,
        "ceremony": _BROWSER,
        "credential": {"id": _CREDENTIAL, "rawId": _CREDENTIAL, "type": "public-key"},
    },
    "StepUpByPasskeyIn": {
        "ceremony": _BROWSER,
        "credential": {"id": _CREDENTIAL, "rawId": _CREDENTIAL, "type": "public-key"},
    },
    "RenamePasskeyIn": {"name": "Old telephone"},
    "PasskeyOut": {
        "id": "019a3c5e-b1d2-7e13-9a4c-3d5e7f90a1b2",
        "user_id": _USER_ID,
        "name": "Telephone",
        "credential_id": _CREDENTIAL,
        "transports": ["hybrid", "internal"],
        "is_backup_eligible": True,
        "is_backed_up": True,
        "created_at": _CREATED,
        "last_used_at": None,
        "version": 1,
    },
    "ForgotPasswordIn": {"identifier": "ada@example.org"},
    "ResetPasswordIn": {
        "identifier": "ada@example.org",
        "code": "WDJB-MJHT",
        "new_password": "a quite different sentence",
    },
    "MessageOut": {
        "id": "019a3c5e-a0c1-7d11-8b6e-2f3a4b5c6d7e",
        "kind": "verify_email",
        "user_id": _USER_ID,
        "to": None,
        "state": "undeliverable",
        "tries": 7,
        "fault": "mail.not_sent",
        "created_at": _CREATED,
        "due_at": _CREATED,
        "ended_at": "2026-02-01T06:00:00Z",
    },
    "ConfirmTotpIn": {"code": "492039"},
    "TotpOut": {"created_at": _CREATED, "confirmed_at": _CREATED},
    "FactorsOut": {
        "totp": {"created_at": _CREATED, "confirmed_at": _CREATED},
        "recovery_codes_left": 10,
        "reset": None,
    },
    "ResetRequestOut": {
        "requested_by": _KEY_ID,
        "requested_at": _CREATED,
        "expires_at": _CREATED,
    },
    "FactorResetOut": {"taken": ["totp", "recovery_code", "passkey"], "pending": None},
    "NewTotpOut": {
        "secret": _TOTP,
        "uri": f"otpauth://totp/id.example.org:ada@example.org?secret={_TOTP}"
        "&issuer=id.example.org&algorithm=SHA1&digits=6&period=30",
        "svg": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 228 228"></svg>',
        "text": "█████████",
        "expires_at": "2026-01-31T12:15:00Z",
    },
    "RecoveryCodesOut": {"recovery_codes": ["BCDF-GHJK-LMNP-QRST", "ZXWV-TSRQ-PNML-KJHG"]},
    "AcceptedOut": {"message": "If there is such an account, mail is on its way to it."},
    "VerifiedEmailOut": {"user": _USER, "is_waiting": False, "reset_token": None},
    "RefreshIn": {"refresh_token": _REFRESH},
    "UpdateMeIn": {"name": "Ada King", "locale": "en-GB"},
    "ChangePasswordIn": {
        "current_password": _PASSWORD,
        "new_password": "a quite different sentence",
    },
    "SetPasswordIn": {"new_password": "a quite different sentence"},
    "CreateUserIn": {
        "email": "grace@example.org",
        "name": "Grace Hopper",
        "locale": "en-US",
        "attributes": {"team": "compilers"},
    },
    "ReplaceUserIn": {
        "email": "ada@example.org",
        "name": "Ada King",
        "locale": "en-GB",
        "attributes": {},
    },
    "UpdateUserIn": {
        "name": "Ada King",
        "locale": None,
        "attributes": {"team": None, "office": "London"},
    },
    "CreateRoleIn": {
        "name": "support",
        "description": "Answers people's questions",
        "permissions": ["users.read", "sessions.read"],
    },
    "ReplaceRoleIn": {
        "description": "Answers people's questions and ends their sessions",
        "permissions": ["users.read", "sessions.read", "sessions.revoke"],
    },
    "GrantRoleIn": {"ends_at": "2027-01-31T12:00:00Z"},
    "UserOut": _USER,
    "SessionOut": _SESSION,
    "RoleOut": {
        "name": "support",
        "description": "Answers people's questions",
        "permissions": ["sessions.read", "users.read"],
        "is_built_in": False,
        "created_at": _CREATED,
        "updated_at": _CREATED,
        "version": 1,
    },
    "GrantOut": {
        "user_id": _USER_ID,
        "role": "support",
        "granted_at": _CREATED,
        "ends_at": None,
    },
    "TokensOut": _TOKENS,
    "FirstFactorOut": {"tokens": _TOKENS, "recovery_codes": ["BCDF-GHJK-LMNP-QRST"]},
    "CreateApiKeyIn": {
        "name": "Nightly build",
        "scopes": ["me.read"],
        "expires_at": "2027-01-31T12:00:00Z",
    },
    "RotateApiKeyIn": {"overlap_seconds": 3600},
    "ReportApiKeyIn": {"key": _KEY},
    "ApiKeyOut": _API_KEY,
    "NewApiKeyOut": {"key": _KEY, "api_key": _API_KEY},
    "CreateServiceAccountIn": {"username": "nightly-build", "name": "Builds every night"},
    "UpdateServiceAccountIn": {"name": "Builds every hour"},
    "ServiceAccountOut": {
        "id": _USER_ID,
        "username": "nightly-build",
        "name": "Builds every night",
        "status": "active",
        "created_at": _CREATED,
        "updated_at": _CREATED,
        "version": 1,
    },
    "ListMetaOut": {"page": 1, "limit": 20, "total": 1, "next_cursor": None},
    "KeySetOut": {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                "kid": "54cebdc199557ddb",
                "alg": "EdDSA",
                "use": "sig",
            }
        ]
    },
    "LiveOut": {"status": "ok"},
    "ReadyOut": {
        "status": "ok",
        "checks": {"store": "ok", "migrations": "ok", "signing_key": "ok"},
    },
    "FaultOut": {
        "field": "email",
        "code": "invalid",
        "message": "must be an e-mail address such as ada@example.org",
    },
    "ErrorOut": {
        "code": "input.invalid",
        "message": "Some fields are not valid.",
        "details": [
            {
                "field": "email",
                "code": "invalid",
                "message": "must be an e-mail address such as ada@example.org",
            }
        ],
        "request_id": "0b5a1d6c9f3e4a7d8c2b1e0f9a8d7c6b",
    },
    "ProblemOut": {
        "type": "urn:limen:error:user.not_found",
        "title": "There is no such user.",
        "status": 404,
        "detail": "There is no such user.",
        "instance": "urn:limen:request:0b5a1d6c9f3e4a7d8c2b1e0f9a8d7c6b",
        "code": "user.not_found",
        "errors": [],
    },
}
