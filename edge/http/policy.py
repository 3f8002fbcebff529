"""The REST resource: the tenant's policy, for its administrators."""

from litestar import Response, get, put
from litestar.params import JSONBody

from edge import audit
from edge.asking import Answer, once
from edge.auth import Caller, HttpRequest, parts_of, require_csrf
from edge.conditions import expected_version, precondition_failed, version_tag
from edge.parts import Parts
from edge.problems import forbidden, malformed
from edge.tokens import Access
from schemas.ids import CommandId
from schemas.policy import Policy


@get("/policy")
async def get_policy(request: HttpRequest, access: Caller) -> Response[Policy]:
    """What this tenant has decided for all its rooms."""
    policy = await _administrator(request, access).policies.of(access.person.tenant)
    return Response(policy, headers={"ETag": version_tag(policy.version)})


@put("/policy", guards=[require_csrf])
async def put_policy(request: HttpRequest, access: Caller, data: JSONBody[Policy]) -> Response[Policy]:
    """Decides anew, with If-Match only over what was seen. The version in the body counts for nothing: it is
    always one more than before."""
    seen = expected_version(request)
    parts = _administrator(request, access)
    names = [role.name for role in data.roles]
    if len(set(names)) != len(names):
        raise malformed("Two roles have the same name.")

    async def act(_: CommandId) -> Answer:
        decided = await parts.policies.decide(access.person.tenant, data, access.person.id, seen)
        if decided is None:
            raise precondition_failed()
        fact = audit.Fact(
            "policy_changed", parts.clock(), parts.edge, person=access.person.id, login=access.login
        )
        await audit.record(parts.bus, access.person.tenant, fact)
        return Answer(200, decided)

    return await once(request, act)


def _administrator(request: HttpRequest, access: Access) -> Parts:
    if "administer" not in access.person.capabilities:
        raise forbidden()
    return parts_of(request)


ROUTES = [get_policy, put_policy]
