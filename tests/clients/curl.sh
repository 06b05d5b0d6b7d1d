#!/usr/bin/env bash
# The documented way in, with curl: credentials, token, workspaces; then every spelling of the token
# request that clients use, and the answers that people compare. Run inside tests/clients/with-server.
set -u

readonly URL=$FERROBYTE_URL API=$FERROBYTE_URL/api/public/v1
readonly ID=$FERROBYTE_ADMIN_CLIENT_ID SECRET=$FERROBYTE_ADMIN_CLIENT_SECRET
# Fewer checks than this means that the script lost its way, however green it looks.
readonly LEAST_CHECKS=60

passed=0 failed=0
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

ok() { passed=$((passed + 1)); printf '  ok    %s\n' "$1"; }
fail() { failed=$((failed + 1)); printf '  FAIL  %s: %s\n' "$1" "$2"; }

# ask CURL-ARGUMENTS... : one request. Leaves the status, the head and the body behind.
ask() {
    : >"$room/body" >"$room/head"
    status=$(curl --silent --show-error --max-time 10 --output "$room/body" --dump-header "$room/head" \
        --write-out '%{http_code}' "$@" 2>"$room/error") || status="curl: $(cat "$room/error")"
    body=$(cat "$room/body")
}

# expect WHAT STATUS [PYTHON] : judges the last answer. PYTHON is an expression over `it`, the parsed
# body, `text`, the body as it is, `head`, the header lines in lower case, and `api`, the root of the API.
expect() {
    if [ "$status" != "$2" ]; then
        fail "$1" "$status instead of $2: $body"
    elif [ $# -lt 3 ]; then
        ok "$1"
    else
        local seen
        if seen=$(python3 - "$room" "$3" "$API" 2>&1 <<'PYTHON'
import base64, json, pathlib, sys
room, holds, api = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
head = room.joinpath("head").read_text().lower()
text = room.joinpath("body").read_text()
def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
try:
    it = json.loads(text)
except ValueError:
    it = None
sys.exit(0 if eval(holds) else "not so: " + holds)
PYTHON
        ); then ok "$1"; else fail "$1" "${seen##*$'\n'} in $body"; fi
    fi
}

field() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$room/body" "$1"; }

readonly JSON='Content-Type: application/json'
readonly CREDENTIALS="{\"client_id\":\"$ID\",\"client_secret\":\"$SECRET\"}"
readonly TOKEN='it["token_type"] == "Bearer" and it["expires_in"] == 3600 and it["access_token"].count(".") == 2'

echo "curl on $FERROBYTE_ENGINE, $URL"

echo "the three steps"
ask "$URL/health"
expect "1. the server is there" 200
ask -X POST "$URL/api/v1/applications/token" -H "$JSON" -d "$CREDENTIALS"
expect "2. credentials buy a token for an hour" 200 "$TOKEN"
expect "   that says of itself what expires_in says" 200 \
    '(lambda c: c["exp"] - c["iat"] == it["expires_in"] and c["sub"])(claims(it["access_token"]))'
expect "   and is not to be cached" 200 '"cache-control: no-store" in head and "content-type: application/json" in head'
token=$(field access_token) || token=none
readonly BEARER="Authorization: Bearer $token"
ask "$API/workspaces" -H "$BEARER"
expect "3. the token lists workspaces" 200 \
    '[w["name"] for w in it["data"]] == ["Default Workspace"] and "content-type: application/json" in head'
expect "   with all documented fields" 200 \
    'set(it["data"][0]) == {"workspaceId", "name", "dataResidency", "notifications"} and len(it["data"][0]["notifications"]) == 6'
expect "   on a single page" 200 'not it.get("next") and not it.get("previous")'
ask "$URL/v1/workspaces" -H "$BEARER"
expect "   also at the older path" 200 '[w["name"] for w in it["data"]] == ["Default Workspace"]'
ask "$API/workspaces/" -H "$BEARER"
expect "   also with a slash at the end" 200 'len(it["data"]) == 1'

echo "token paths"
for path in /api/v1 /api/public/v1 /v1 /api/public/v1/v1 ''; do
    at=$path/applications/token
    ask -X POST "$URL$at" -H "$JSON" -d "$CREDENTIALS"
    expect "JSON at $at" 200 "$TOKEN"
    ask -X POST "$URL$at" -d client_id="$ID" -d client_secret="$SECRET" -d grant_type=client_credentials
    expect "form at $at" 200 "$TOKEN"
    ask -X POST "$URL$at/" -u "$ID:$SECRET" -d grant_type=client_credentials
    expect "Basic at $at/" 200 "$TOKEN"
done

echo "token spellings"
readonly AT=$URL/api/v1/applications/token
for grant in '"grant_type":"client_credentials"' '"grant-type":"client_credentials"' '"scope":"a b"' '"unknown":[1]'; do
    ask -X POST "$AT" -H "$JSON" -d "${CREDENTIALS%\}},$grant}"
    expect "with $grant" 200 "$TOKEN"
done
ask -X POST "$AT" -H 'Content-Type: application/json; charset=utf-8' -d "$CREDENTIALS"
expect "with a charset" 200 "$TOKEN"
ask -X POST "$AT" -H "$JSON" -H 'Transfer-Encoding: chunked' -d "$CREDENTIALS"
expect "in chunks, without a length" 200 "$TOKEN"
ask -X POST "$AT" -d client_id="$ID" -d client_secret="$SECRET" -d grant-type=client_credentials -d scope=
expect "a form with grant-type and an empty scope" 200 "$TOKEN"
ask -X POST "$AT" -d "$CREDENTIALS"
expect "JSON announced as a form, as curl does when nobody says" 200 "$TOKEN"
ask -X POST "$AT" -H "$JSON" -H 'Connection: Upgrade, HTTP2-Settings' -H 'Upgrade: h2c' -H 'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA' -d "$CREDENTIALS"
expect "with an offer to upgrade, which is ignored" 200 "$TOKEN"

echo "refusals"
readonly OAUTH='it["error"] == "invalid_client" and it["error_description"] and it["status"] == 401'
ask -X POST "$AT" -H "$JSON" -d "{\"client_id\":\"$ID\",\"client_secret\":\"wrong\"}"
expect "a wrong secret" 401 "$OAUTH"
ask -X POST "$AT" -H "$JSON" -d '{"client_id":"nobody","client_secret":"wrong"}'
expect "an unknown id" 401 "$OAUTH"
ask -X POST "$AT" -u "$ID:wrong" -d grant_type=client_credentials
expect "a wrong secret by Basic" 401 "$OAUTH and \"www-authenticate: basic\" in head"
readonly PROBLEM='it["status"] == STATUS and it["title"] and it["type"] and "detail" in it and "content-type: application/json" in head'
problem() { expect "$1" "$2" "${PROBLEM/STATUS/$2}${3:+ and $3}"; }
ask -X POST "$AT" -H "$JSON" -d '{"client_id":"x"}'
problem "a missing secret" 400 'it["error"] == "invalid_request"'
ask -X POST "$AT" -H "$JSON" -d '{"client_id":'
problem "a body that breaks off" 400
ask -X POST "$AT" -H 'Content-Type: text/xml' -d '<a/>'
problem "a body of another kind" 415
ask "$AT"
problem "GET instead of POST" 405 '"allow: " in head'
ask "$API/workspaces"
problem "no token" 401 '"www-authenticate: bearer" in head'
ask "$API/workspaces" -H 'Authorization: Bearer abc'
problem "a made-up token" 401
ask "$API/workspaces" -H "Authorization: Bearer ${token%?????}AAAAA"
problem "a token with a changed signature" 401
ask "$API/nothing/here" -H "$BEARER"
problem "an unknown path" 404
ask "$URL/api/v1/nothing"
problem "an unknown path without a token" 404
ask "$API/workspaces?limit=101" -H "$BEARER"
problem "a limit above a hundred" 400 'it["errors"] and "limit" in str(it["errors"])'
ask "$API/workspaces?offset=x" -H "$BEARER"
problem "an offset that is no number" 400 '"offset" in str(it["errors"])'
ask -X POST "$API/workspaces" -H "$BEARER" -H "$JSON" -d '{"nam":"x"}'
problem "a workspace without a name" 400 '"name" in str(it["errors"])'
ask "$API/workspaces/00000000-0000-4000-8000-000000000000" -H "$BEARER"
problem "an unknown workspace" 404 'it["data"]'

echo "workspaces"
ask -X POST "$API/workspaces" -H "$BEARER" -H "$JSON" -d '{"name":"by curl"}'
expect "create" 200 'it["name"] == "by curl" and it["dataResidency"] == "auto"'
workspace=$(field workspaceId) || workspace=none
ask "$API/workspaces?limit=1" -H "$BEARER"
expect "the first of two pages" 200 \
    'len(it["data"]) == 1 and it["next"].startswith(api + "/workspaces?") and not it.get("previous")'
next=$(field next) || next=none
ask "$next" -H "$BEARER"
expect "its next link leads to the second" 200 'len(it["data"]) == 1 and not it.get("next") and it["previous"]'
ask -X PATCH "$API/workspaces/$workspace" -H "$BEARER" -H "$JSON" -d '{"name":"by curl, renamed"}'
expect "rename" 200 'it["name"] == "by curl, renamed"'
ask -X DELETE "$API/workspaces/$workspace" -H "$BEARER"
expect "delete" 204
ask "$API/workspaces/$workspace" -H "$BEARER"
problem "gone" 404

echo "applications"
ask -X POST "$URL/api/public/v1/applications" -H "$BEARER" -H "$JSON" -d '{"name":"made by curl"}'
expect "create" 200 'it["name"] == "made by curl" and it["clientId"] and len(it["clientSecret"]) >= 40 and type(it["createdAt"]) is int'
application=$(field id) || application=none
pair="{\"client_id\":\"$(field clientId)\",\"client_secret\":\"$(field clientSecret)\"}"
secret=$(field clientSecret) || secret=none
ask -X POST "$AT" -H "$JSON" -d "$pair"
expect "its credentials buy a token" 200 "$TOKEN"
theirs=$(field access_token) || theirs=none
ask "$API/workspaces" -H "Authorization: Bearer $theirs"
expect "which works" 200 'len(it["data"]) == 1'
ask "$API/applications" -H "$BEARER"
expect "the list names it" 200 '"made by curl" in [a["name"] for a in it["applications"]]'
if grep -qF "$secret" "$room/body"; then fail "and keeps its secret to itself" "$body"; else ok "and keeps its secret to itself"; fi
ask -X DELETE "$API/applications/$application" -H "$BEARER"
expect "delete answers with it" 200 'it["name"] == "made by curl"'
sleep 1
ask "$API/workspaces" -H "Authorization: Bearer $theirs"
problem "a second later its token is dead" 401
ask -X POST "$AT" -H "$JSON" -d "$pair"
expect "and so are its credentials" 401 "$OAUTH"
ask "$API/applications/$application" -H "$BEARER"
problem "and it is gone" 404

echo "around"
ask "$API/health"
expect "health of the API" 200 '"Successful operation" in text'
ask "$URL/api/v1/health"
expect "health of the internal API" 200
ask "$URL/health/live"
expect "alive" 200
ask "$URL/health/ready"
expect "ready" 200
ask "$URL/metrics"
expect "metrics" 200 '"# type " in text.lower()'
ask "$API/openapi.json"
expect "the description" 200 'it["openapi"].startswith("3.1") and "/workspaces" in str(list(it["paths"]))'
ask "$API"
expect "the documentation root is a page" 200 '"content-type: text/html" in head'
ask "$URL/login"
expect "so is the way in" 200 '"content-type: text/html" in head and "content-security-policy: " in head'
if grep -qF -e "$SECRET" -e "$token" -e "$secret" -e "$FERROBYTE_ADMIN_PASSWORD" "$FERROBYTE_SERVER_LOG"; then
    fail "the server's log holds no secret" "$FERROBYTE_SERVER_LOG"
else
    ok "the server's log holds no secret"
fi

if [ $((passed + failed)) -lt $LEAST_CHECKS ]; then
    fail "at least $LEAST_CHECKS checks were made" "$((passed + failed))"
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
