"""Every call that the console prints and that changes something does what the page's form does.

Each posting form of each page is sent as it is drawn, and those of `TYPED` once more with these values, up to and through the page
that shows the changes before they are made. What is empty and what the printed call has an example for is typed as the
example says. Then, each from the same snapshot, the printed calls are run as they stand in all four forms, and everything in the
pools must be as it was after the page. Names, descriptions and addresses are such that each language's quoting is needed.
Quick create is sent from its first page to its last, once for each goal, and its calls are run in order.
Some 600 calls; two to three minutes, most of them the AWS CLI's own start.
"""

import base64
import json
import re
import shlex
import time
from difflib import ndiff
from urllib.parse import unquote

import pytest
import requests
from botocore.exceptions import ClientError

from harness.console import KINDS, Runner, calls, find_pages, forms
from harness.pools import PASSWORD, idp_client, make_pool, make_user
from harness.server import REGION

ODD = "-x 'a' \"b\" $HOME `id` \\ \\n ${y} %s !z =,;& 😀 ü"
ODD_NAME = "-x = my, +app.y @z"
# No spaces, as user and group names have none.
ODD_WORD = "-o'h\"ara$HOME`id`\\n=,%41😀"

# Forms that call no operation, each by its id and where it is.
CALL_NOTHING = {
    ("theme-form", r".*"): "sets a cookie: the reader's choice of colours",
    ("inspect", r"/console/token"): "reads a token that is pasted",
    ("goal", r"/console/quick-create"): "begins a draft, which lives in the console; all of quick create is sent by itself",
    ("begin", r"/console/flow\?.*"): "begins a run of the flow runner: the app's requests, not an administrator's",
    ("reveal", r".*/secrets"): "shows what DescribeUserPoolClient gives, with a trace of its own",
    ("test", r".*/messages/[\w-]+"): "sends what is drawn; AWS has no operation for it",
    ("delete", r"/console/inbox/.*"): "deletes messages of the inbox, which AWS does not have",
    ("rotate", r".*/keys/rotate"): "AWS has no operation for it; the page prints the command",
}
# What is typed instead of what is drawn, by the end of the address: two changes or more, so that they are shown first.
TYPED = {
    r"/settings/passwords": {"Policies.PasswordPolicy.MinimumLength": "12", "Policies.PasswordPolicy.TemporaryPasswordValidityDays": "3"},
    r"/settings/sign-up": {"AdminCreateUserConfig.AllowAdminCreateUserOnly": "true", "recovery": "admin_only"},
    r"/settings/verification-messages": {
        "VerificationMessageTemplate.EmailSubject": ODD,
        "VerificationMessageTemplate.EmailMessage": "https://example.com/ {####}\n" + ODD,
        "VerificationMessageTemplate.SmsMessage": "file://{####} " + ODD},
    r"/settings/invitation-messages": {
        "AdminCreateUserConfig.InviteMessageTemplate.EmailSubject": ODD,
        "AdminCreateUserConfig.InviteMessageTemplate.EmailMessage": "{username} {####}\n\n" + ODD},
    r"/settings/tags": {"UserPoolTags": "first = o'hara $HOME\nsecond = https://example.com/=a"},
    r"/clients/\w+/login-pages": {
        "CallbackURLs": "https://example.com/a'b?c=$d&e=1\nmyapp://back", "DefaultRedirectURI": "https://example.com/a'b?c=$d&e=1",
        "LogoutURLs": "https://example.com/out"},
    r"/clients/\w+/authentication": {"AccessTokenValidity": "30", "TokenValidityUnits.AccessToken": "minutes", "EnableTokenRevocation": []},
    r"/clients/\w+/attributes": {"ReadAttributes": ["email", "name"], "WriteAttributes": ["email"]},
    r"/groups/[^/]+/edit": {"description": "https://example.com/\n" + ODD, "precedence": "7"},
    r"/users/[^/]+/attributes": [{"attribute.name": "2 " + ODD, "attribute.nickname": "file:///etc/hostname"}, {"attribute.nickname": "", "attribute.profile": ""}],
    r"/resource-servers/of/[^/]+": {"Name": ODD_NAME + " 2", "Scopes": "read: " + ODD},
}
OPERATIONS = set("""
AddCustomAttributes AddUserPoolClientSecret AdminAddUserToGroup AdminConfirmSignUp AdminCreateUser AdminDeleteUser AdminDeleteUserAttributes
AdminDisableUser AdminEnableUser AdminRemoveUserFromGroup AdminResetUserPassword AdminSetUserPassword
AdminUpdateUserAttributes AdminUserGlobalSignOut CreateGroup CreateResourceServer CreateUserPool CreateUserPoolClient
CreateUserPoolDomain DeleteGroup DeleteResourceServer DeleteUserPool DeleteUserPoolClient DeleteUserPoolClientSecret
DeleteUserPoolDomain UpdateGroup UpdateResourceServer UpdateUserPool UpdateUserPoolClient
""".split())
# Ids and secrets that are drawn anew: of pools (but for the region), of users; secrets; of clients and of secrets.
DRAWN = re.compile(r"([a-z]{2}-[a-z]+-\d_)\w{9}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[a-z0-9]{40,}\b|\b[a-z0-9]{26}(?:--\w+)?\b")
# What quick create is for; and the pool of the calls that it prints, which is not there yet.
GOALS = ["server", "single-page", "mobile", "machine", "article"]
YOUR_POOL = re.compile(r"[a-z]{2}-[a-z]+-\d_YourPool1")
# A change that cannot be seen: signing out who is not signed in. Only this user is.
UNSEEN = re.compile(rf".*/users/(?!{re.escape(ODD_WORD)}/)[^\n]*/sign-out")


class House:
    """A server with something of everything in it, the state it is put back to, and all that can be seen of a state."""

    def __init__(self, server):
        self.server, self.idp, self.tokens = server, idp_client(server.http), {}
        # A pool answers in its own region; the console makes them in the server's.
        self.regions = {region: idp_client(server.http, region=region) for region in (REGION, server.demo["region"])}
        self._control("clock", {"freeze": True})
        odd = self._odd_pool()
        plain = make_pool(self.idp, client={"ClientName": "plain"})
        make_user(self.idp, plain, email="ada@example.com")
        self.idp.admin_create_user(UserPoolId=plain.id, Username="new@example.com", TemporaryPassword=PASSWORD)
        self.clients = {odd.id: odd, plain.id: plain}
        # Nothing leads to a user's confirmation but quick create's last form.
        confirm = f"/console/pools/{plain.id}/clients/{plain.client_id}/confirm/new@example.com"
        self.pages = find_pages(server.http, "/console", confirm)
        self._control("snapshots", {"name": "before"})
        self.before = json.dumps(self._seen(), default=str)

    def _control(self, path: str, body: dict) -> None:
        reply = requests.post(f"{self.server.http}/_poolhouse/{path}", json=body, timeout=20)
        assert reply.ok, reply.text

    def _odd_pool(self):
        idp = self.idp
        pool = make_pool(idp, domain="compat-equivalents", pool={
            "AliasAttributes": ["email"], "AutoVerifiedAttributes": ["email"], "UserPoolTags": {"odd": "o'hara $HOME"}},
            client={"ClientName": ODD_NAME})
        at = {"UserPoolId": pool.id}
        idp.create_group(**at, GroupName=ODD_WORD, Description=ODD + "\nhttps://example.com", Precedence=3)
        idp.create_group(**at, GroupName="file://editors", Description="https://example.com/$HOME?a=b&c")
        idp.create_resource_server(**at, Identifier="https://api.example.com/o'hara", Name=ODD_NAME, Scopes=[
            {"ScopeName": "read", "ScopeDescription": ODD}, {"ScopeName": "write", "ScopeDescription": "Write"}])
        make_user(idp, pool, username=ODD_WORD, email="ada@example.com")
        idp.admin_update_user_attributes(**at, Username=ODD_WORD, UserAttributes=[
            {"Name": name, "Value": value} for name, value in {"name": ODD, "nickname": "a\nb", "profile": "https://example.com/"}.items()])
        idp.admin_add_user_to_group(**at, Username=ODD_WORD, GroupName=ODD_WORD)
        idp.sign_up(ClientId=pool.client_id, Username="https://example.com", Password=PASSWORD, UserAttributes=[{"Name": "email", "Value": "up@example.com"}])
        make_user(idp, pool, username="-off", email="off@example.com")
        idp.admin_disable_user(**at, Username="-off")
        idp.admin_create_user(**at, Username="invited$HOME", UserAttributes=[{"Name": "email", "Value": "invited@example.com"}])
        server = idp.create_user_pool_client(**at, ClientName="server", GenerateSecret=True)["UserPoolClient"]["ClientId"]
        idp.add_user_pool_client_secret(**at, ClientId=server)
        idp.create_user_pool_client(**at, ClientName="server 2", GenerateSecret=True)
        signed_in = idp.initiate_auth(ClientId=pool.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": ODD_WORD, "PASSWORD": PASSWORD})
        self.tokens["access"] = signed_in["AuthenticationResult"]["AccessToken"]
        return pool

    def restore(self) -> None:
        self._control("snapshots/before/restore", {})

    def _asked(self, operation: str, **input):
        region = input.get("UserPoolId", REGION).split("_")[0]
        try:
            reply = getattr(self.regions[region], operation)(**input)
        except ClientError as error:
            return error.response["Error"]["Code"]
        return {name: value for name, value in reply.items() if name != "ResponseMetadata"}

    def _pool(self, pool: str) -> dict:
        at, ask = {"UserPoolId": pool}, self._asked
        clients = [{**at, "ClientId": one["ClientId"]} for one in ask("list_user_pool_clients", **at, MaxResults=60)["UserPoolClients"]]
        groups = [{**at, "GroupName": one["GroupName"]} for one in ask("list_groups", **at)["Groups"]]
        users = [{**at, "Username": one["Username"]} for one in ask("list_users", **at)["Users"]]
        each = {"describe_user_pool_client": clients, "list_user_pool_client_secrets": clients, "get_group": groups,
                "list_users_in_group": groups, "admin_get_user": users, "admin_list_groups_for_user": users}
        seen = {operation: [ask(operation, **one) for one in inputs] for operation, inputs in each.items()}
        return seen | {"servers": ask("list_resource_servers", **at, MaxResults=50), "pool": ask("describe_user_pool", **at), "mfa": ask("get_user_pool_mfa_config", **at)}

    def pools(self) -> list[str]:
        listed = [one["Id"] for idp in self.regions.values() for one in idp.list_user_pools(MaxResults=60)["UserPools"]]
        return [pool for pool in listed if "DemoPool" not in pool]

    def _seen(self) -> dict:
        messages = requests.get(f"{self.server.http}/_poolhouse/messages", timeout=10).json()["messages"]
        sent = [[message[name] for name in ("pool_id", "address", "medium", "kind", "subject")] for message in messages]
        return {"pools": [self._pool(pool) for pool in self.pools()], "messages": sent, "session": self._asked("get_user", AccessToken=self.tokens["access"])}

    def _sign_in(self, input: dict):
        """What comes of signing in with the password that a call sets, if it sets one."""
        password = input.get("Password") or input.get("TemporaryPassword")
        if not password:
            return None
        known = self.clients[input["UserPoolId"]]
        reply = self._asked("initiate_auth", ClientId=known.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": input["Username"], "PASSWORD": password})
        return reply if isinstance(reply, str) else reply.get("ChallengeName", "signed in")

    def state(self, inputs: list[dict] = ()) -> str:
        """Everything in the pools, without what is drawn anew; after calls, also whether their passwords are good."""
        seen = json.dumps(self._seen(), default=str)
        seen = DRAWN.sub(lambda found: found[0] if found[0] in self.before else f"{found[1] or ''}DRAWN", seen)
        return json.dumps([in_one_order(json.loads(seen)), [self._sign_in(input) for input in inputs]], indent=1, sort_keys=True)


def in_one_order(value):
    """Things whose order comes of the ids they are given, in an order that does not: pools, users, clients, messages. The order
    within a thing (of addresses, attributes, scopes) stays."""
    if isinstance(value, dict):
        return {name: in_one_order(inner) for name, inner in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict) and {"Name", "Value"} != set(value[0]):
        return sorted((in_one_order(one) for one in value), key=lambda one: json.dumps(one, sort_keys=True))
    return value


def inputs_of(printed: list[tuple[str, str, str]]) -> list[dict]:
    """The inputs of the printed calls, as curl sends them."""
    words = [shlex.split(text.replace("\\\n", " ")) for kind, _, text in printed if kind == "curl"]
    return [json.loads(said[said.index("--data") + 1]) for said in words]


def example(name: str, inputs: list[dict]):
    """What a printed call has for a field; None for nothing."""
    for input in inputs:
        pairs = {pair["Name"]: pair["Value"] for pair in input.get("UserAttributes", [])}
        if name.startswith("attribute."):
            return pairs.get(name.removeprefix("attribute."))
        value = {**input, **(input.get("CustomAttributes") or [{}])[0]}
        for part in name.split("."):
            value = value.get(part, value.get(part[:1].upper() + part[1:])) if isinstance(value, dict) else None
        if name == "password":
            value = input.get("Password", input.get("TemporaryPassword"))
        if name == "Scopes":
            value = [f"{one['ScopeName']}: {one['ScopeDescription']}" for one in value or []]
        if value:
            return "\n".join(value) if isinstance(value, list) else str(value)
    return None


def filled(form, inputs: list[dict], typed: dict) -> dict:
    """What is typed into a form: `typed`, examples where it is empty, and the name that a deletion asks for."""
    values = dict(typed)
    for field in form.fields:
        if not field.typed or field.value or field.name in values:
            continue
        asks = re.match(r"Type (.*) to confirm", form.labels.get(field.id, ""), re.S)
        value = asks[1] if asks else example(field.name, inputs)
        if value is not None:
            values[field.name] = value
        assert value is not None or not field.required, f"nothing to type into {field.name}"
    return values


class Browser:
    def __init__(self, server):
        self.base, self.session = server.http, requests.Session()

    def get(self, path: str) -> str:
        reply = self.session.get(self.base + path, timeout=10)
        assert reply.status_code == 200, f"{path}: {reply.status_code}"
        return reply.text

    def send(self, form, typed: dict):
        return self.session.post(self.base + form.action, data=form.pairs(typed), headers={"Origin": self.base}, allow_redirects=False, timeout=20)


def seen_first(form, reply):
    """The form that makes the changes which a page shows before they are made, if this is such a page."""
    after = forms(reply.text) if reply.status_code == 200 else []
    again = [one for one in after if one.action == form.action and {field.name for field in one.fields} & {"seen", "confirmed"}]
    return again[0] if again else None


def changed_nothing(reply) -> bool:
    """Whether the page says so, in the cookie that carries its sentence to the next page (after the id of an undo)."""
    said = reply.cookies.get("poolhouse-said", "").strip('"')
    return base64.urlsafe_b64decode(said + "=" * (-len(said) % 4)).split(b"\0")[-1].startswith(b"Nothing was changed")


class Walk:
    """One form after the other, and what is wrong with each."""

    def __init__(self, server, runner):
        self.house, self.browser, self.runner = House(server), Browser(server), runner
        self.bad, self.operations, self.excused = [], set(), set()
        self.forms = self.variants = self.runs = 0

    def page(self, path: str) -> None:
        drawn = forms(self.house.pages[path])
        excuses = {form.id: next((one for one in CALL_NOTHING if one[0] == form.id and re.fullmatch(one[1], path)), None) for form in drawn}
        self.excused |= set(excuses.values()) - {None}
        calling = [form.id for form in drawn if not excuses[form.id]]
        if len(calling) > 1:
            self.bad.append(f"{path}: {calling} call something, and no call says which of them it belongs to")
        elif calling:
            self.forms += 1
            typed = next((values for tail, values in TYPED.items() if re.search(tail + "$", path)), [])
            for values in [{}, *(typed if isinstance(typed, list) else [typed])]:
                try:
                    self.form(path, calling[0], values)
                except (AssertionError, StopIteration, requests.RequestException) as error:
                    self.bad.append(f"{path} {values}: {error!r}")

    def form(self, path: str, name: str, typed: dict) -> None:
        self.variants += 1
        self.house.restore()
        text = self.browser.get(path)
        form = next(one for one in forms(text) if one.id == name)
        printed = calls(text, "yes")
        reply = self.browser.send(form, filled(form, inputs_of(printed), typed))
        again = seen_first(form, reply)
        if again:
            printed = calls(reply.text, "yes")
            reply = self.browser.send(again, {})
        elif typed and reply.status_code == 302 and (changed_nothing(reply) or len(typed) == 1):
            # One change is saved without a page that shows it: no call of what was typed is printed.
            return
        assert reply.status_code in (200, 302), f"{reply.status_code}: {re.findall('Error: .*', reply.text)[:2]}"
        assert again or not typed, "what was typed is not shown before it is saved"
        assert printed, "no call is printed"
        inputs = inputs_of(printed)
        after = self.house.state(inputs)
        self.house.restore()
        if not inputs_with_password(inputs):
            unseen = after == self.house.state(inputs)
            assert changed_nothing(reply) == unseen or UNSEEN.fullmatch(unquote(path)), "what the page says and what it changed differ"
        self.operations |= {operation for _, operation, _ in printed}
        for kind in KINDS:
            self.house.restore()
            for _, operation, code in [one for one in printed if one[0] == kind]:
                self.runs += 1
                wrong = self.runner(kind, code)
                if wrong:
                    self.bad.append(f"{path} {typed}: {kind} {operation}: {wrong}")
            self.differing(f"{path} {typed}: {kind} {operation}", after, self.house.state(inputs))

    def quick_create(self, goal: str) -> None:
        """Its last page prints the calls for a pool that is not there yet: its id is that of the pool which the first call makes."""
        self.house.restore()
        path, name, typed = "/console/quick-create", "goal", {"goal": goal}
        while True:
            text = self.browser.get(path)
            form = next(one for one in forms(text) if one.id == name)
            printed = calls(text, "yes")
            reply = self.browser.send(form, filled(form, inputs_of(printed), typed))
            assert reply.status_code == 302, f"{path}: {reply.status_code}"
            if name == "create":
                break
            path, typed = reply.headers["Location"], {}
            name = "create" if path.endswith("/create") else "step"
        after = self.house.state()
        for kind in KINDS:
            self.house.restore()
            for _, operation, code in [one for one in printed if one[0] == kind]:
                self.runs += 1
                made = next((pool for pool in self.house.pools() if pool not in self.house.before), "none")
                wrong = self.runner(kind, YOUR_POOL.sub(made, code))
                if wrong:
                    self.bad.append(f"quick create, {goal}: {kind} {operation}: {wrong}")
            self.differing(f"quick create, {goal}: {kind}", after, self.house.state())

    def differing(self, what: str, page: str, call: str) -> None:
        if page == call:
            return
        lines = [line for line in ndiff(page.splitlines(), call.splitlines()) if line[0] in "-+"]
        self.bad.append("\n".join([f"{what}: the page (-) and the call (+) differ", *lines[:12]]))


def inputs_with_password(inputs: list[dict]) -> bool:
    return any("Password" in name for input in inputs for name in input)


@pytest.mark.timeout(1200)
def test_printed_calls_that_change_do_what_their_page_does(server, tmp_path):
    runner = Runner(tmp_path)
    try:
        since, walked = time.monotonic(), Walk(server, runner)
        for path in walked.house.pages:
            walked.page(path)
        for goal in GOALS:
            walked.quick_create(goal)
    finally:
        runner.close()
    print(f"{len(walked.house.pages)} pages, {walked.forms} forms, {walked.variants} times sent, {len(walked.operations)} operations, "
          f"{walked.runs} calls, {time.monotonic() - since:.0f} s")
    assert not walked.bad, "\n".join(map(unquote, walked.bad))
    assert walked.operations >= OPERATIONS, f"no page prints {OPERATIONS - walked.operations}"
    assert walked.excused == set(CALL_NOTHING), f"no page has {set(CALL_NOTHING) - walked.excused}"
