"""Owns what holds in every store, whoever did what in which order; never opens a store.

- E-mail addresses and usernames are unique, and lead to their users.
- There is no credential, session, family, grant, role of a grant, factor, passkey, link or API key
  without what it belongs to.
- A session has one family, which has one living token and ends when its session does; every
  ended session stands in the list of endings.
- Who is not active has no live session.
- Once there was an administrator for good, there is one.
- Each change has its event, each event its change: users, versions, statuses, passwords, sessions,
  generations, factors, passkeys, roles, grants, signing keys and API keys are exactly what all
  events together tell.
- A sign-in that waits for a factor ends once, and a code of an app is good once.
- A link is tried five times at most, and not older than what ended all links of its user.

The last four need the whole history: a store whose outbox, sessions and grants were not purged.
Of signing keys a purge takes those that verify nothing any more; all others must be there.
"""
