"""OAuth by the published client: the credentials that workspaces and organizations bring, and the beginning of a
flow, which shows whose were taken. The way through the provider and back is no matter of the client's."""

import json
import os
import subprocess
import tempfile
import uuid
from urllib.parse import parse_qs, urlparse

from airbyte_api import api, models

from counting import check, equal
from kit import VERSION, refused

ORGANIZATION = "00000000-0000-0000-0000-000000000000"
SECRET = uuid.uuid4().hex
SOURCE = models.ActorTypeEnum.SOURCE
NAME = models.OAuthActorNames.TYPEFORM
# The oldest generation knows the credentials of a workspace, the newest alone removes any.
OLDEST, NEWEST = VERSION.startswith("0.52."), not VERSION.startswith("0.")


def bring_connector():
    """A connector that declares a flow, as an operator brings it: the package begins one for a connector of its own
    list only, and of those this server knows none that does."""
    text, secret = {"type": "string"}, {"type": "string", "airbyte_secret": True}

    def at(*names):
        return {"type": "object", "properties": {
            name: {"path_in_connector_config": ["credentials", name]} for name in names}}

    flow = {
        "auth_flow_type": "oauth2.0",
        "oauth_config_specification": {
            "oauth_connector_input_specification": {
                "consent_url": "https://provider.example/consent?{{client_id_param}}&{{redirect_uri_param}}&{{state_param}}",
                "access_token_url": "https://provider.example/token",
            },
            "complete_oauth_server_input_specification": {
                "type": "object", "required": ["client_id", "client_secret"],
                "properties": {"client_id": text, "client_secret": text}},
            "complete_oauth_server_output_specification": at("client_id", "client_secret"),
            "complete_oauth_output_specification": at("access_token"),
        },
    }
    source = {
        "sourceDefinitionId": str(uuid.uuid4()), "name": "Typeform", "dockerRepository": "airbyte/source-typeform",
        "dockerImageTag": "1.0.0", "documentationUrl": "https://provider.example",
        "spec": {"advanced_auth": flow, "connectionSpecification": {"type": "object", "properties": {"credentials": {
            "type": "object", "properties": {"client_id": text, "client_secret": secret, "access_token": secret}}}}},
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"sources": [source], "destinations": []}, file)
        file.flush()
        subprocess.run([os.environ["FERROBYTE_BIN"], "registry", "refresh", file.name], check=True, capture_output=True)


def begun(who, workspace):
    """The client id with which a flow begins."""
    answer = who.sdk.sources.initiate_o_auth(request=models.InitiateOauthRequest(
        redirect_url="https://app.example.org/done", source_type=NAME, workspace_id=workspace))
    address = answer.raw_response.json()["consentUrl"]
    check("the way to the provider tells no secret", SECRET not in address, address)
    return parse_qs(urlparse(address).query)["client_id"]


def of_workspace(who, workspace, client_id):
    configuration = {"client_id": client_id, "client_secret": SECRET}
    if OLDEST:
        configuration = models.Typeform(credentials=models.TypeformCredentials(**configuration))
    body = models.WorkspaceOAuthCredentialsRequest(actor_type=SOURCE, name=NAME, configuration=configuration)
    return who.sdk.workspaces.create_or_update_workspace_o_auth_credentials(
        request=api.CreateOrUpdateWorkspaceOAuthCredentialsRequest(
            workspace_id=workspace, workspace_o_auth_credentials_request=body)).status_code


def of_organization(who, client_id):
    body = models.OrganizationOAuthCredentialsRequest(
        actor_type=SOURCE, name=NAME.value, configuration={"client_id": client_id, "client_secret": SECRET})
    return who.sdk.organizations.create_or_update_organization_o_auth_credentials(
        request=api.CreateOrUpdateOrganizationOAuthCredentialsRequest(
            organization_id=ORGANIZATION, organization_o_auth_credentials_request=body)).status_code


def walk(admin, workspace):
    print("oauth")
    bring_connector()
    refused("without credentials a flow does not begin", 422, lambda: begun(admin, workspace), mentions="oauthCredentials")
    if not OLDEST:
        equal("an organization brings its own", of_organization(admin, "theirs"), 200)
        equal("and they are used", begun(admin, workspace), ["theirs"])
    equal("a workspace brings its own", of_workspace(admin, workspace, "ours"), 200)
    equal("which go before", begun(admin, workspace), ["ours"])
    equal("others take their place", of_workspace(admin, workspace, "ours too"), 200)
    equal("at once", begun(admin, workspace), ["ours too"])
    if not NEWEST:
        return
    gone = admin.sdk.workspaces.delete_workspace_o_auth_credentials(request=api.DeleteWorkspaceOAuthCredentialsRequest(
        workspace_id=workspace, actor_type=SOURCE, name=NAME.value))
    equal("forgetting the workspace's answers 204", gone.status_code, 204)
    equal("and the organization's are used again", begun(admin, workspace), ["theirs"])
    gone = admin.sdk.organizations.delete_organization_o_auth_credentials(
        request=api.DeleteOrganizationOAuthCredentialsRequest(
            organization_id=ORGANIZATION, actor_type=SOURCE, name=NAME.value))
    equal("forgetting those answers 204", gone.status_code, 204)
    refused("and a flow does not begin any more", 422, lambda: begun(admin, workspace), mentions="oauthCredentials")
