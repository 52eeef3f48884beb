"""What the services are made of: adapters, keys, tokens and what proves who somebody is."""

from dependency_injector.containers import DeclarativeContainer
from dependency_injector.providers import Dependency, Singleton

from limen.adapters.aesgcm import AesGcmCipher
from limen.adapters.breached.offline import OfflineBreachedPasswords
from limen.adapters.hashing_pool import PooledHasher
from limen.adapters.pyjwt import JwtSigner
from limen.adapters.system import SystemClock, SystemEntropy, SystemIds
from limen.adapters.webauthn import PyWebAuthn
from limen.core.ambient import Ambient
from limen.core.api_keys.checking import ApiKeyChecker
from limen.core.api_keys.uses import KeyUses
from limen.core.cookies.parts import BrowserParts
from limen.core.factors.making import TotpMaker
from limen.core.factors.proving import FactorProver
from limen.core.keys.ring import KeyRing
from limen.core.keys.service import KeyMaker
from limen.core.messages.composing import Composer
from limen.core.messages.delivery import Delivery
from limen.core.messages.posting import Postbox
from limen.core.passkeys.asking import CeremonyDesk
from limen.core.passkeys.proving import PasskeyProver
from limen.core.passwords.preparation import PasswordPreparation
from limen.core.passwords.proving import PasswordProver
from limen.core.proofs.checking import ProofChecker
from limen.core.proofs.making import ProofMaker
from limen.core.query import Lists
from limen.core.sessions.denial import DenialList, WatchedUnits
from limen.core.signin.entering import Entrance
from limen.core.signin.rising import Rise
from limen.core.tokens.family import RefreshTokens
from limen.core.tokens.issuing import TokenIssuer
from limen.core.tokens.verification import AccessTokenVerifier
from limen.ports.mailer import Mailer
from limen.ports.message_writer import MessageWriter
from limen.ports.password_hasher import PasswordHasher
from limen.ports.qr import QrDrawer
from limen.wiring.parts import (
    make_browsers,
    make_drawer,
    make_hasher,
    make_mailer,
    make_verifying,
    make_writer,
    watched_units,
)
from limen.wiring.secret_key import CODES, COOKIES, CURSORS, DECOYS, REFRESH_TOKENS, SecretKeys
from limen.wiring.settings import Settings
from limen.wiring.storage import Storage, make_storage


class Foundation(DeclarativeContainer):
    """The parts below the services, each made once, when it is first asked for."""

    settings = Dependency[Settings](instance_of=Settings)
    secret_keys = Dependency[SecretKeys](instance_of=SecretKeys)

    clock = Singleton[SystemClock](SystemClock)
    ids = Singleton[SystemIds](SystemIds)
    entropy = Singleton[SystemEntropy](SystemEntropy)
    ambient = Singleton[Ambient](Ambient, clock=clock, ids=ids, entropy=entropy)

    signer = Singleton[JwtSigner](JwtSigner)
    cipher = Singleton[AesGcmCipher](AesGcmCipher, keys=secret_keys.provided.all, entropy=entropy)
    breached = Singleton[OfflineBreachedPasswords](OfflineBreachedPasswords)
    hasher = Singleton[PooledHasher](make_hasher, settings=settings)
    verifying = Singleton[PasswordHasher](make_verifying, settings=settings, hasher=hasher)
    mailer = Singleton[Mailer](make_mailer, settings=settings, clock=clock, ids=ids)
    writer = Singleton[MessageWriter](make_writer, settings=settings)
    drawer = Singleton[QrDrawer](make_drawer)

    storage = Singleton[Storage](make_storage, settings=settings.provided.database, ids=ids)
    denials = Singleton[DenialList](
        DenialList,
        unit_of_work=storage.provided.units,
        clock=clock,
        policy=settings.provided.token.denial_policy,
    )
    unit_of_work = Singleton[WatchedUnits](watched_units, storage=storage, denials=denials)

    key_ring = Singleton[KeyRing](
        KeyRing,
        unit_of_work=unit_of_work,
        cipher=cipher,
        clock=clock,
        policy=settings.provided.token.key_policy,
    )
    key_maker = Singleton[KeyMaker](
        KeyMaker, signer=signer, cipher=cipher, policy=settings.provided.token.key_policy
    )
    refresh_tokens = Singleton[RefreshTokens](
        RefreshTokens,
        key=secret_keys.provided.derive.call(REFRESH_TOKENS),
        grace=settings.provided.token.policy.grace,
    )
    issuer = Singleton[TokenIssuer](
        TokenIssuer,
        ring=key_ring,
        signer=signer,
        refresh_tokens=refresh_tokens,
        ambient=ambient,
        policy=settings.provided.token.policy,
    )
    verifier = Singleton[AccessTokenVerifier](
        AccessTokenVerifier,
        ring=key_ring,
        signer=signer,
        denials=denials,
        clock=clock,
        policy=settings.provided.token.policy,
    )
    lists = Singleton[Lists](Lists, key=secret_keys.provided.derive.call(CURSORS))
    preparation = Singleton[PasswordPreparation](
        PasswordPreparation,
        policy=settings.provided.password.policy,
        breached=breached,
        hasher=verifying,
    )

    prover = Singleton[PasswordProver](
        PasswordProver,
        unit_of_work=unit_of_work,
        ambient=ambient,
        hasher=verifying,
        policy=settings.provided.throttle.policy,
    )

    postbox = Singleton[Postbox](Postbox, cipher=cipher, ids=ids)
    proof_maker = Singleton[ProofMaker](
        ProofMaker, keys=secret_keys.provided.derive_all.call(CODES), ids=ids, entropy=entropy
    )
    proof_checker = Singleton[ProofChecker](
        ProofChecker,
        unit_of_work=unit_of_work,
        clock=clock,
        maker=proof_maker,
        throttle=settings.provided.throttle.policy,
    )
    totp_maker = Singleton[TotpMaker](
        TotpMaker,
        issuer=settings.provided.factors.issuer,
        cipher=cipher,
        ids=ids,
        entropy=entropy,
        drawer=drawer,
    )
    factor_prover = Singleton[FactorProver](
        FactorProver,
        unit_of_work=unit_of_work,
        ambient=ambient,
        maker=totp_maker,
        postbox=postbox,
        policy=settings.provided.throttle.policy,
    )
    composer = Singleton[Composer](
        Composer,
        unit_of_work=unit_of_work,
        ambient=ambient,
        postbox=postbox,
        maker=proof_maker,
        links=settings.provided.mail.links,
    )
    delivery = Singleton[Delivery](
        Delivery,
        unit_of_work=unit_of_work,
        clock=clock,
        composer=composer,
        writer=writer,
        mailer=mailer,
    )

    webauthn = Singleton[PyWebAuthn](PyWebAuthn)
    ceremonies = Singleton[CeremonyDesk](
        CeremonyDesk,
        entropy=entropy,
        key=secret_keys.provided.derive.call(DECOYS),
        policy=settings.provided.passkey.policy,
    )
    passkey_prover = Singleton[PasskeyProver](
        PasskeyProver,
        unit_of_work=unit_of_work,
        clock=clock,
        webauthn=webauthn,
        policy=settings.provided.passkey.policy,
    )

    browsers = Singleton[BrowserParts](
        make_browsers,
        settings=settings,
        key=secret_keys.provided.derive.call(COOKIES),
        ambient=ambient,
        postbox=postbox,
    )
    entrance = Singleton[Entrance](
        Entrance,
        ambient=ambient,
        issuer=issuer,
        policy=settings.provided.sign_in_policy,
        browsers=browsers,
    )
    rise = Singleton[Rise](
        Rise,
        ambient=ambient,
        issuer=issuer,
        browsers=browsers,
        factors=settings.provided.factors.policy,
    )

    key_uses = Singleton[KeyUses](
        KeyUses,
        unit_of_work=unit_of_work,
        policy=settings.provided.api_key.policy,
    )
    key_checker = Singleton[ApiKeyChecker](
        ApiKeyChecker,
        unit_of_work=unit_of_work,
        ambient=ambient,
        uses=key_uses,
        policy=settings.provided.api_key.policy,
        users=settings.provided.account.policy,
    )
