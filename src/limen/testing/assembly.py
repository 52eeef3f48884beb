"""All services over fakes and one unit-of-work factory: a whole limen that a test can steer."""

from datetime import timedelta

from limen.adapters.memory.store import MemoryStore
from limen.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.api_keys.checking import ApiKeyChecker
from limen.core.api_keys.service import ApiKeyService, KeyParts
from limen.core.api_keys.uses import KeyUses
from limen.core.cookies.carrying import SessionCookies
from limen.core.cookies.parts import BrowserParts
from limen.core.cookies.service import CookieService
from limen.core.devices.book import DeviceBook
from limen.core.emails.service import EmailService
from limen.core.factors.making import TotpMaker
from limen.core.factors.proving import FactorProver
from limen.core.factors.service import FactorService
from limen.core.idempotency.service import IdempotencyService
from limen.core.imports.service import ImportService
from limen.core.keys.ring import KeyRing
from limen.core.keys.service import KeyMaker, KeyService
from limen.core.maintenance.service import MaintenanceService
from limen.core.messages.composing import Composer
from limen.core.messages.delivery import Delivery
from limen.core.messages.posting import Postbox
from limen.core.messages.service import MessageService
from limen.core.passkeys.asking import CeremonyDesk
from limen.core.passkeys.proving import PasskeyProver
from limen.core.passkeys.service import EnrolmentParts, PasskeyService
from limen.core.passwords.former import AskingHasher
from limen.core.passwords.preparation import PasswordPreparation
from limen.core.passwords.proving import PasswordProver
from limen.core.passwords.service import PasswordService
from limen.core.proofs.checking import ProofChecker
from limen.core.proofs.making import ProofMaker
from limen.core.query import Lists
from limen.core.recovery.assistance import AssistanceService
from limen.core.recovery.service import RecoveryService
from limen.core.remembered.remembering import Memory
from limen.core.remembered.service import RememberedService
from limen.core.roles.service import RoleService
from limen.core.secret import Secret
from limen.core.service_accounts.service import ServiceAccountService
from limen.core.sessions.denial import DenialList, WatchedUnits
from limen.core.sessions.service import SessionService
from limen.core.signin.entering import Entrance
from limen.core.signin.finishing import SecondStepService
from limen.core.signin.links import LinkSignInService, MailParts
from limen.core.signin.passkey_steps import PasskeyStepService
from limen.core.signin.passkeys import PasskeyParts, PasskeySignInService
from limen.core.signin.requiring import RequiredFactorService
from limen.core.signin.rising import Rise
from limen.core.signin.service import SignInService
from limen.core.signin.stepping_up import Provers, StepUpService
from limen.core.tokens.family import RefreshTokens
from limen.core.tokens.issuing import IssuedTokens, TokenIssuer
from limen.core.tokens.service import TokenService
from limen.core.tokens.verification import AccessTokenVerifier
from limen.core.users.making import AccountParts
from limen.core.users.service import UserService
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.everyday import OPERATOR, PASSWORD, Everyday, tokens_of
from limen.testing.fakes import (
    CountingIds,
    FormerSystem,
    FrozenClock,
    ListedPasswords,
    MailBox,
    PlainCipher,
    PlainDrawer,
    PlainHasher,
    PlainSigner,
    PlainWriter,
    SeededEntropy,
)
from limen.testing.passkeys import PlainWebAuthn
from limen.testing.policies import Policies
from limen.testing.running import run_now

__all__ = ("OPERATOR", "PASSWORD", "Assembly", "acting", "in_memory", "tokens_of")


class Assembly(Everyday):
    """A limen over `unit_of_work` (in memory if none is given), all else faked.

    `clock`, `hasher`, `former` and `breached` can be steered. Several assemblies over one factory
    and one clock are several nodes over one store.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory | None = None,
        *,
        clock: FrozenClock | None = None,
        policies: Policies | None = None,
        hasher: PlainHasher | None = None,
        ids: CountingIds | None = None,
        seed: int = 0,
    ) -> None:
        """Build every service."""
        self.clock = clock or FrozenClock()
        self.ids = ids or CountingIds(self.clock.now() + timedelta(days=seed))
        self.hasher = hasher or PlainHasher()
        self.former = FormerSystem()
        self._asking = AskingHasher(self.hasher, self.former)
        self.breached = ListedPasswords()
        self._lists = Lists(Secret(b"c" * 32))
        self.policies = policies or Policies()
        ambient = Ambient(self.clock, self.ids, SeededEntropy(seed))
        inner = unit_of_work or MemoryUnitOfWorkFactory(MemoryStore(), self.ids)
        self._build_session_parts(inner, ambient)
        self._build_account_parts(ambient)

    def _build_session_parts(self, inner: UnitOfWorkFactory, ambient: Ambient) -> None:
        policies, signer = self.policies, PlainSigner()
        self.denials = DenialList(unit_of_work=inner, clock=self.clock, policy=policies.denial)
        self.unit_of_work = uow = WatchedUnits(inner, self.denials)
        ring = self._build_key_parts(signer, ambient)
        issuer = TokenIssuer(
            ring=ring,
            signer=signer,
            refresh_tokens=RefreshTokens(Secret(b"r" * 32), policies.tokens.grace),
            ambient=ambient,
            policy=policies.tokens,
        )
        verifier = AccessTokenVerifier(
            ring=ring,
            signer=signer,
            denials=self.denials,
            clock=self.clock,
            policy=policies.tokens,
        )
        self.tokens = TokenService(
            unit_of_work=uow,
            ambient=ambient,
            issuer=issuer,
            verifier=verifier,
            policy=policies.sign_in,
        )
        self._build_entrance(ambient, issuer)
        self.sessions = SessionService(unit_of_work=uow, ambient=ambient)
        self.assistance = AssistanceService(unit_of_work=uow, ambient=ambient)

    def _build_entrance(self, ambient: Ambient, issuer: TokenIssuer) -> None:
        policies, uow = self.policies, self.unit_of_work
        cookies, way_in = SessionCookies(Secret(b"b" * 32)), policies.sign_in
        postbox = Postbox(cipher=PlainCipher(), ids=self.ids)
        self.devices = DeviceBook(
            entropy=ambient.entropy, postbox=postbox, sends_mail=policies.sends_device_mail
        )
        memory = Memory(ambient=ambient, lifetime=policies.sessions.remembered)
        browsers = BrowserParts(cookies=cookies, devices=self.devices, memory=memory)
        self._entrance = entrance = Entrance(
            ambient=ambient,
            issuer=issuer,
            policy=policies.sign_in,
            browsers=browsers,
        )
        self._rise = Rise(
            ambient=ambient, issuer=issuer, browsers=browsers, factors=self.policies.factors
        )
        self.remembered = RememberedService(unit_of_work=uow, ambient=ambient, entrance=entrance)
        self.sign_in = SignInService(
            unit_of_work=uow,
            ambient=ambient,
            hasher=self._asking,
            entrance=entrance,
            policy=way_in,
        )
        self.cookie_sessions = CookieService(
            unit_of_work=uow,
            ambient=ambient,
            issuer=issuer,
            browsers=browsers,
            policy=way_in,
        )

    def _build_key_parts(self, signer: PlainSigner, ambient: Ambient) -> KeyRing:
        uow, cipher, policy = self.unit_of_work, PlainCipher(), self.policies.keys
        self.ring = KeyRing(unit_of_work=uow, cipher=cipher, clock=self.clock, policy=policy)
        maker = KeyMaker(signer=signer, cipher=cipher, policy=policy)
        self.keys = KeyService(unit_of_work=uow, ambient=ambient, maker=maker, ring=self.ring)
        self.idempotency = IdempotencyService(unit_of_work=uow, ambient=ambient, cipher=cipher)
        return self.ring

    def _build_account_parts(self, ambient: Ambient) -> None:
        policies, uow = self.policies, self.unit_of_work
        preparation = PasswordPreparation(
            policy=policies.passwords, breached=self.breached, hasher=self._asking
        )
        postbox = Postbox(cipher=PlainCipher(), ids=self.ids)
        self.users = UserService(
            unit_of_work=uow,
            ambient=ambient,
            lists=self._lists,
            parts=AccountParts(preparation=preparation, postbox=postbox),
            policy=policies.users,
        )
        prover = PasswordProver(
            unit_of_work=uow, ambient=ambient, hasher=self._asking, policy=policies.throttle
        )
        self.passwords = PasswordService(
            unit_of_work=uow, ambient=ambient, prover=prover, preparation=preparation
        )
        self._build_mail_parts(ambient, prover, preparation)
        self.roles = RoleService(unit_of_work=uow, ambient=ambient, factors=policies.factors)
        self.imports = ImportService(
            unit_of_work=uow, ambient=ambient, hasher=self._asking, preparation=preparation
        )
        self.maintenance = MaintenanceService(
            unit_of_work=uow, ambient=ambient, policy=policies.retention
        )

    def _build_mail_parts(
        self, ambient: Ambient, prover: PasswordProver, preparation: PasswordPreparation
    ) -> None:
        uow = self.unit_of_work
        postbox = Postbox(cipher=PlainCipher(), ids=self.ids)
        maker = ProofMaker(keys=(Secret(b"p" * 32),), ids=self.ids, entropy=ambient.entropy)
        self._build_factor_parts(ambient, postbox, prover)
        checker = ProofChecker(
            unit_of_work=uow, clock=self.clock, maker=maker, throttle=self.policies.throttle
        )
        composer = Composer(
            unit_of_work=uow,
            ambient=ambient,
            postbox=postbox,
            maker=maker,
            links=self.policies.links,
        )
        self._build_delivery(composer)
        self._build_machine_parts(ambient, postbox)
        self.links = LinkSignInService(
            unit_of_work=uow,
            ambient=ambient,
            mail=MailParts(postbox=postbox, checker=checker),
            entrance=self._entrance,
        )
        self._build_passkey_parts(ambient, postbox)
        self.messages = MessageService(unit_of_work=uow, ambient=ambient, lists=self._lists)
        self.emails = EmailService(
            unit_of_work=uow, ambient=ambient, postbox=postbox, checker=checker, prover=prover
        )
        self.recovery = RecoveryService(
            unit_of_work=uow,
            ambient=ambient,
            postbox=postbox,
            checker=checker,
            preparation=preparation,
        )

    def _build_factor_parts(
        self, ambient: Ambient, postbox: Postbox, passwords: PasswordProver
    ) -> None:
        uow, throttle, rules = self.unit_of_work, self.policies.throttle, self.policies.factors
        maker = TotpMaker(
            issuer="limen",
            cipher=postbox.cipher,
            ids=self.ids,
            entropy=ambient.entropy,
            drawer=PlainDrawer(),
        )
        self.factors = FactorService(
            unit_of_work=uow, ambient=ambient, maker=maker, policy=rules, throttle=throttle
        )
        self.factor_prover = FactorProver(
            unit_of_work=uow, ambient=ambient, maker=maker, postbox=postbox, policy=throttle
        )
        self.second_step = SecondStepService(
            unit_of_work=uow,
            ambient=ambient,
            prover=self.factor_prover,
            entrance=self._entrance,
        )
        self.required_factor = RequiredFactorService(
            unit_of_work=uow,
            ambient=ambient,
            maker=maker,
            entrance=self._entrance,
            policy=self.policies.sign_in,
        )
        self.step_up = StepUpService(
            unit_of_work=uow,
            ambient=ambient,
            provers=Provers(passwords=passwords, factors=self.factor_prover),
            rise=self._rise,
            policy=self.policies.factors,
        )

    def _build_machine_parts(self, ambient: Ambient, postbox: Postbox) -> None:
        uow, policy = self.unit_of_work, self.policies.api_keys
        self.key_uses = KeyUses(unit_of_work=uow, policy=policy)
        checker = ApiKeyChecker(
            unit_of_work=uow,
            ambient=ambient,
            uses=self.key_uses,
            policy=policy,
            users=self.policies.users,
        )
        self.api_keys = ApiKeyService(
            unit_of_work=uow,
            ambient=ambient,
            parts=KeyParts(checker=checker, postbox=postbox, lists=self._lists),
            policy=policy,
        )
        self.service_accounts = ServiceAccountService(
            unit_of_work=uow, ambient=ambient, lists=self._lists
        )

    def _build_passkey_parts(self, ambient: Ambient, postbox: Postbox) -> None:
        uow, policy, webauthn = self.unit_of_work, self.policies.passkeys, PlainWebAuthn()
        desk = CeremonyDesk(entropy=ambient.entropy, key=Secret(b"d" * 32), policy=policy)
        self.passkey_prover = PasskeyProver(
            unit_of_work=uow, clock=self.clock, webauthn=webauthn, policy=policy
        )
        self.passkeys = PasskeyService(
            unit_of_work=uow,
            ambient=ambient,
            parts=EnrolmentParts(desk=desk, webauthn=webauthn, postbox=postbox),
            factors=self.policies.factors,
        )
        parts = PasskeyParts(desk=desk, prover=self.passkey_prover)
        self.passkey_sign_in = PasskeySignInService(
            unit_of_work=uow,
            ambient=ambient,
            parts=parts,
            entrance=self._entrance,
        )
        self.passkey_steps = PasskeyStepService(
            unit_of_work=uow,
            ambient=ambient,
            parts=parts,
            entrance=self._entrance,
            rise=self._rise,
        )

    def _build_delivery(self, composer: Composer) -> None:
        self.mail = MailBox()
        self.delivery = Delivery(
            unit_of_work=self.unit_of_work,
            clock=self.clock,
            composer=composer,
            writer=PlainWriter(),
            mailer=self.mail,
        )


def in_memory(
    *, clock: FrozenClock | None = None, policies: Policies | None = None, seed: int = 0
) -> Assembly:
    """Return a whole limen in memory, with its first signing key: people can come in.

    Importable as `limen.testing.in_memory`. It needs no event loop, and is good in any.
    """
    limen = Assembly(clock=clock, policies=policies, seed=seed)
    run_now(limen.keys.ensure(actor=OPERATOR))
    return limen


def acting(tokens: IssuedTokens) -> Actor:
    """Return the actor of a user who is signed in."""
    return Actor.anonymous().as_user(tokens.user.id, tokens.session_id)
