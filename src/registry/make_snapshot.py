#!/usr/bin/env python3
"""Makes snapshot.json and snapshot.sha256, the connectors that this program knows without a network.

    python3 -m venv /tmp/v && /tmp/v/bin/pip install airbyte-api==1.0.1
    /tmp/v/bin/python src/registry/make_snapshot.py

What goes in are facts. Ids, names, repositories and versions are in the tables below. The names, types,
constants and defaults of configuration fields are read from the typed models of the package airbyte-api
(MIT). Titles, descriptions, the order of fields and the marks of secrets are ours: the models have no
marks, and no text of theirs is taken over.

The file has the shape of the public registry, so that one parser reads both; one connector stands on a
line. A connector without an id that we are certain of is left out.
"""

import hashlib
import importlib
import json
import pathlib
import re
import sys

DOCUMENTATION = "https://docs.airbyte.com/integrations"
ALL = ["append", "overwrite", "append_dedup"]
TWO = ["append", "overwrite"]

# Short name: id, name, tag, language, licence, support level. The tag "latest" stands where we know no
# recent version for certain; refreshing the registry brings one.
SOURCES = {
    "airtable": ("14c6e7ea-97ed-4f5e-a7b5-25e9a80b8212", "Airtable", "4.5.1", "python", "MIT", "certified"),
    "e2e-test": ("d53f9084-fa6b-4a5a-976c-5b8392f4ad8a", "E2E Testing", "latest", "java", "MIT", "community"),
    "facebook-marketing": ("e7778cfc-e97c-4458-9ecb-b4f2bba8946c", "Facebook Marketing", "6.1.9", "python", "ELv2", "certified"),
    "faker": ("dfd88b22-b603-4c3d-aad7-3701784586b1", "Sample Data (Faker)", "7.2.1", "python", "ELv2", "community"),
    "file": ("778daa7c-feaf-4db6-96f3-70fd645acc77", "File (CSV, JSON, Excel, Feather, Parquet)", "0.5.39", "python", "MIT", "certified"),
    "github": ("ef69ef6e-aa7f-4af1-a01d-ef775033524e", "GitHub", "2.7.1", "python", "ELv2", "certified"),
    "gitlab": ("5e6175e5-68e1-4c17-bff9-56103bbb0d80", "Gitlab", "4.4.37", "manifest-only", "ELv2", "certified"),
    "google-ads": ("253487c0-2246-43ba-a21f-5116b20a2c50", "Google Ads", "6.1.7", "python", "ELv2", "certified"),
    "google-analytics-data-api": ("3cc2eafd-84aa-4dca-93af-322d9dfeec1a", "Google Analytics 4 (GA4)", "2.9.36", "manifest-only", "ELv2", "certified"),
    "google-sheets": ("71607ba1-c0ac-4799-8049-7f4b90dd50f7", "Google Sheets", "0.12.21", "manifest-only", "ELv2", "certified"),
    "hardcoded-records": ("084124ab-22db-4019-b36d-630418541bf7", "Hardcoded Records", "0.0.48", "python", "ELv2", "community"),
    "hubspot": ("36c891d9-4bd9-43ac-bad2-10e12756272c", "HubSpot", "6.0.1", "manifest-only", "ELv2", "certified"),
    "intercom": ("d8313939-3782-41b0-be29-b3ca20d8dd3a", "Intercom", "latest", "manifest-only", "ELv2", "certified"),
    "jira": ("68e63de2-bb83-4c7e-93fa-a8a9051e3993", "Jira", "latest", "manifest-only", "MIT", "certified"),
    "mongodb-v2": ("b2e713cd-cc36-4c0a-b5bd-b47cb8a0561e", "MongoDb", "latest", "java", "ELv2", "certified"),
    "mssql": ("b5ea17b1-f170-46dc-bc31-cc744ca984c1", "Microsoft SQL Server (MSSQL)", "4.1.27", "java", "ELv2", "certified"),
    "mysql": ("435bb9a5-7887-4809-aa58-28c27df0d7ad", "MySQL", "latest", "java", "ELv2", "certified"),
    "notion": ("6e00b415-b02e-4160-bf02-58176a0ae687", "Notion", "3.2.0", "python", "MIT", "certified"),
    "pokeapi": ("6371b14b-bc68-4236-bfbd-468e8df8e968", "PokeAPI", "0.2.15", "python", "MIT", "community"),
    "postgres": ("decd338e-5647-4c0b-adf4-da0e75f5a750", "Postgres", "3.7.0", "java", "ELv2", "certified"),
    "s3": ("69589781-7828-43c5-9f63-8925b1c1ccc2", "S3", "4.16.1", "python", "ELv2", "certified"),
    "salesforce": ("b117307c-14b6-41aa-9422-947e34922962", "Salesforce", "2.10.3", "python", "ELv2", "certified"),
    "shopify": ("9da77001-af33-4bcd-be46-6252bf9342b9", "Shopify", "4.3.0", "python", "ELv2", "certified"),
    "slack": ("c2281cee-86f9-4a86-bb48-d23286b4c7bd", "Slack", "3.1.25", "manifest-only", "ELv2", "certified"),
    "stripe": ("e094cb9a-26de-4645-8761-65c0c425d1de", "Stripe", "5.14.1", "python", "ELv2", "certified"),
    "zendesk-support": ("79c1aa37-dae3-42ae-b333-d1c105477715", "Zendesk Support", "4.9.1", "python", "ELv2", "certified"),
}
# And the sync modes that a destination supports.
DESTINATIONS = {
    "azure-blob-storage": ("b4c5d105-31fd-4817-96b6-cb923bfc04cb", "Azure Blob Storage", "latest", "java", "ELv2", "certified", TWO),
    "bigquery": ("22f6c74f-5699-40ff-833c-4a879ea40133", "BigQuery", "latest", "java", "ELv2", "certified", ALL),
    "clickhouse": ("ce0d828e-1dc4-496c-b122-2da42e637e48", "Clickhouse", "latest", "java", "ELv2", "certified", ALL),
    "csv": ("8be1cf83-fde1-477f-a4ad-318d23c9f3c6", "Local CSV", "latest", "java", "MIT", "community", TWO),
    "dev-null": ("a7bcc9d8-13b3-4e49-b80d-d020b90045e3", "End-to-End Testing (/dev/null)", "0.8.0", "java", "MIT", "community", ALL),
    "duckdb": ("94bd199c-2ff0-4aa2-b98e-17f0acb72610", "DuckDB", "latest", "python", "MIT", "community", TWO),
    "gcs": ("ca8f6566-e555-4b40-943a-545bf123117a", "Google Cloud Storage (GCS)", "latest", "java", "ELv2", "community", TWO),
    "local-json": ("a625d593-bba5-4a1c-a53d-2d246268a816", "Local JSON", "latest", "java", "MIT", "community", TWO),
    "mssql": ("d4353156-9217-4cad-8dd7-c108fd4f74cf", "MS SQL Server", "2.2.6", "java", "ELv2", "certified", ALL),
    "pgvector": ("e0e06cd9-57a9-4d39-b032-bedd874ae875", "PGVector", "0.1.13", "python", "ELv2", "certified", ALL),
    "postgres": ("25c5221d-dce2-4163-ade9-739ef790f503", "Postgres", "2.4.7", "java", "ELv2", "certified", ALL),
    "redshift": ("f7a7d195-377f-cf5b-70a5-be6b819019dc", "Redshift", "latest", "java", "ELv2", "certified", ALL),
    "s3": ("4816b78f-1489-44c1-9060-4b19d5fa9362", "S3", "latest", "java", "ELv2", "certified", TWO),
    "s3-data-lake": ("716ca874-520b-4902-9f80-9fad66754b89", "S3 Data Lake", "latest", "java", "ELv2", "certified", ALL),
    "snowflake": ("424892c4-daac-4491-b35d-c6688ba547ba", "Snowflake", "4.0.33", "java", "ELv2", "certified", ALL),
    "sqlite": ("b76be0a6-27dc-4560-95f6-2623da0bd7b6", "Local SQLite", "latest", "python", "MIT", "community", TWO),
}
# Connectors that the Python index has at the version of their tag.
PACKAGES = {
    *("source-" + name for name, facts in SOURCES.items() if facts[3] == "python"),
    "destination-pgvector",
}
# Where the models say nothing, or say more than a form can show.
PATH = {
    "type": "object",
    "required": ["destination_path"],
    "properties": {"destination_path": {"type": "string"}},
}
BY_HAND = {"destination-csv": PATH, "destination-local-json": PATH, "destination-sqlite": PATH}
PLAIN = {
    "source-google-analytics-data-api": {
        "custom_reports_array": {"type": "array", "items": {"type": "object"}},
    },
}

# Ours: what a field holds. The title is made of the name.
WORDS = {
    "access_key_id": "Id of the key with which the storage is used.",
    "access_token": "Token with which the service is asked.",
    "account_id": "The account to read.",
    "account_ids": "The accounts to read.",
    "always_updated": "Whether every sync gives all records a new time of change.",
    "api_key": "Key with which the service is asked.",
    "api_token": "Token with which the service is asked.",
    "api_url": "Address of the service, when it is not the public one.",
    "aws_access_key_id": "Id of the key with which the storage is read. Empty for public files.",
    "aws_secret_access_key": "Secret part of that key.",
    "branches": "Branches to read commits of, as owner/repository/branch. Empty for the default branches.",
    "bucket": "Name of the bucket.",
    "client_id": "Id of the application that was registered with the service.",
    "client_secret": "Secret of that application.",
    "count": "How many records to make.",
    "credentials": "How to prove who is asking.",
    "credentials_json": "Key of a service account, as the JSON that the console gives out.",
    "customer_id": "Ids of the customers to read, with commas between.",
    "database": "Name of the database.",
    "dataset_id": "The data set to write to.",
    "dataset_location": "Where the data set lies.",
    "dataset_name": "Name of the one table that the file becomes.",
    "destination_path": "Where to write, below the directory for local files.",
    "disable_type_dedupe": "Write raw tables only, without typed ones.",
    "domain": "Host name of the site.",
    "drop_cascade": "Drop what depends on a table together with it.",
    "email": "E-mail address of the user.",
    "end_date": "The last day to read.",
    "endpoint": "Address of a compatible storage. Empty for Amazon's.",
    "file_name_pattern": "How files are named.",
    "format": "How files are written or read.",
    "gcs_bucket_name": "Name of the bucket.",
    "gcs_bucket_path": "Directory inside the bucket.",
    "gcs_bucket_region": "Region of the bucket.",
    "groups_list": "Groups to read.",
    "host": "Name or address of the server.",
    "is_sandbox": "Whether this is a sandbox and no production system.",
    "jdbc_url_params": "Further parameters of the connection, as name=value with & between.",
    "lookback_window": "How far back to read again, so that late changes are not missed.",
    "max_waiting_time": "How many minutes to wait at most when the service asks to slow down.",
    "motherduck_api_key": "Key for MotherDuck, when the database lies there.",
    "num_workers": "How many requests to make at the same time.",
    "parallelism": "How many workers make records at the same time.",
    "password": "Password of that user.",
    "pokemon_name": "Whom to read about.",
    "port": "Port that the server listens on.",
    "project_id": "The project that the data set belongs to.",
    "projects": "Keys of the projects to read. Empty for all.",
    "projects_list": "Projects to read.",
    "property_ids": "Ids of the properties to read.",
    "provider": "Where the file lies.",
    "raw_data_schema": "Schema for raw tables.",
    "records_per_slice": "After how many records progress is noted.",
    "refresh_token": "Token that buys new access tokens.",
    "region_name": "Region of the bucket.",
    "replication_method": "How changes are found.",
    "repositories": "Repositories to read, as owner/repository; owner/* for all of an owner.",
    "role": "Role to work with.",
    "role_arn": "Role to assume on Amazon Web Services.",
    "s3_bucket_name": "Name of the bucket.",
    "s3_bucket_path": "Directory inside the bucket.",
    "s3_bucket_region": "Region of the bucket.",
    "s3_endpoint": "Address of a compatible storage. Empty for Amazon's.",
    "s3_path_format": "How paths below the directory are made.",
    "schema": "Schema to write to.",
    "schemas": "Schemas to read. Empty for all that the user sees.",
    "secret_access_key": "Secret part of the key.",
    "seed": "Start of the random numbers: the same seed makes the same records. -1 for any.",
    "service_account_info": "Key of a service account, as the JSON that the console gives out.",
    "shop": "Name of the shop, the part before .myshopify.com.",
    "spreadsheet_id": "Link to the sheet.",
    "ssl": "Whether the connection is encrypted.",
    "ssl_method": "How the connection is encrypted.",
    "ssl_mode": "How the connection is encrypted, and what is checked of the server.",
    "start_date": "From when on to read.",
    "streams": "What to read and how.",
    "subdomain": "The part of the address before .zendesk.com.",
    "test_destination": "What happens with the records.",
    "tunnel_method": "Whether the server is reached directly or through a tunnel.",
    "url": "Where the file lies.",
    "user": "Name of the user.",
    "username": "Name of the user.",
    "warehouse": "Warehouse to compute in.",
    "warehouse_location": "Where tables are put in the storage.",
}
# Ours: fields that people look for first, in the order of a form. Then those required, then the rest.
FIRST = [
    "host", "port", "database", "schema", "schemas", "username", "user", "password", "ssl", "ssl_mode",
    "ssl_method", "url", "domain", "subdomain", "shop", "email", "credentials", "credential", "api_token",
    "client_id", "client_secret", "refresh_token", "access_token", "account_id", "account_ids", "bucket",
    "s3_bucket_name", "s3_bucket_path", "s3_bucket_region", "gcs_bucket_name", "gcs_bucket_path",
    "access_key_id", "secret_access_key", "aws_access_key_id", "aws_secret_access_key", "tunnel_host",
    "tunnel_port", "tunnel_user", "count", "seed",
]
LAST = ["tunnel_method", "jdbc_url_params"]
# Ours: fields that hold secrets. Rather one too many than one too few.
SECRET = re.compile(
    r"password|passphrase|secret|token$|^token|api_key|apikey|_key$|^key$|private_key|ssh_key|credentials_json"
    r"|service_account|connection_string|shared_access_signature",
    re.IGNORECASE,
)
ACRONYMS = {
    "api": "API", "arn": "ARN", "aws": "AWS", "ca": "CA", "cdc": "CDC", "csv": "CSV", "gcs": "GCS", "hmac": "HMAC",
    "http": "HTTP", "id": "ID", "ids": "IDs", "ipc": "IPC", "jdbc": "JDBC", "json": "JSON", "lsn": "LSN", "oauth": "OAuth",
    "s3": "S3", "sas": "SAS", "sql": "SQL", "ssh": "SSH", "ssl": "SSL", "tls": "TLS", "url": "URL", "utf": "UTF",
}


def title(name):
    words = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    words = [word.lower() if word.isupper() else word for word in re.split(r"[^\w.]+|_", words) if word]
    return " ".join(ACRONYMS.get(word.lower(), word[:1].upper() + word[1:]) for word in words)


def option_title(option):
    """What an option of a choice is called: after the constant that tells it apart, or its fields."""
    for field in option.get("properties", {}).values():
        if "const" in field:
            return title(str(field["const"]))
    required = option.get("required") or list(option.get("properties", {}))
    return title(required[0]) if required else "Other"


class Model:
    """One model of the package as a JSON schema of ours."""

    def __init__(self, schema):
        self.definitions = schema.get("$defs", {})

    def resolve(self, node):
        while "$ref" in node:
            rest = {key: value for key, value in node.items() if key != "$ref"}
            node = {**self.definitions[node["$ref"].rsplit("/", 1)[1]], **rest}
        return node

    def node(self, node):
        """A schema, and whether null stood beside it: that is how the models say "optional"."""
        node = self.resolve(node)
        default = node.get("default")
        options = [self.resolve(option) for option in node.get("anyOf", node.get("oneOf", []))]
        real = [option for option in options if option.get("type") != "null"]
        nullable = len(real) < len(options)
        if len(real) == 1:
            made, _ = self.node(real[0])
        elif real:
            made = self.choice(real)
        else:
            made = self.plain(node)
        if default is not None and "const" not in made and not isinstance(default, (dict, list)):
            made["default"] = default
        return made, nullable

    def choice(self, options):
        made = [self.node(option)[0] for option in options]
        if all(option.get("type") == "object" for option in made):
            made = [{"title": option_title(option), **option} for option in made]
            return {"type": "object", "oneOf": made}
        return {"anyOf": made}

    def plain(self, node):
        if "enum" in node:
            values = node["enum"]
            if len(values) == 1:
                return {"type": "string", "const": values[0]}
            return {"type": "string", "enum": values}
        kind = node.get("type")
        if kind == "object" or "properties" in node:
            return self.object(node)
        if kind == "array":
            return {"type": "array", "items": self.node(node.get("items", {}))[0]}
        made = {"type": kind} if kind else {}
        if node.get("format") in ("date", "date-time"):
            made["format"] = node["format"]
        return made

    def object(self, node):
        fields, required = {}, list(node.get("required", []))
        for name, field in node.get("properties", {}).items():
            made, nullable = self.node(field)
            if "const" in made and not nullable and name not in required:
                required.append(name)
            fields[name] = made
        made = {"type": "object"}
        if required:
            made["required"] = required
        if fields:
            made["properties"] = fields
        return made


def told(schema):
    """Adds what is ours: titles, descriptions, secrets, order."""
    fields = schema.get("properties", {})
    required = schema.get("required", [])

    def place(name):
        if name in LAST:
            return 3, LAST.index(name), name
        if name in FIRST:
            return 0, FIRST.index(name), name
        return (1 if name in required else 2), 0, name

    arranged = {}
    constants = [name for name in fields if "const" in fields[name]]
    rest = sorted((name for name in fields if name not in constants), key=place)
    for order, name in enumerate(constants + rest):
        field = {"title": title(name)}
        if name in WORDS:
            field["description"] = WORDS[name]
        field.update(told(fields[name]))
        text = field.get("type") == "string" and not {"const", "enum", "format"} & field.keys()
        if text and SECRET.search(name):
            field["airbyte_secret"] = True
        field["order"] = order
        arranged[name] = field
    if arranged:
        schema = {**schema, "properties": arranged}
    for key in ("oneOf", "anyOf"):
        if key in schema:
            schema = {**schema, key: [told(option) for option in schema[key]]}
    if isinstance(schema.get("items"), dict):
        schema = {**schema, "items": told(schema["items"])}
    return schema


def specification(kind, short_name):
    whole = f"{kind}-{short_name}"
    if whole in BY_HAND:
        schema = BY_HAND[whole]
    else:
        name = whole.replace("-", "_")
        try:
            module = importlib.import_module(f"airbyte_api.models.{name}")
        except ModuleNotFoundError:
            return None
        wanted = name.replace("_", "")
        model = next(getattr(module, one) for one in dir(module) if one.lower() == wanted)
        source = model.model_json_schema(by_alias=True)
        tag = source["properties"].pop(f"{kind}Type")
        model = Model(source)
        known = model.node(tag)[0].get("const")
        assert known == short_name, f"{whole} calls itself {known}"
        schema = model.object(source)
        schema["properties"].update(PLAIN.get(whole, {}))
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **told(schema),
    }


def entry(kind, short_name, facts):
    identity, name, tag, language, licence, support = facts[:6]
    whole = f"{kind}-{short_name}"
    made = {
        f"{kind}DefinitionId": identity,
        "name": name,
        "dockerRepository": f"airbyte/{whole}",
        "dockerImageTag": tag,
        "documentationUrl": f"{DOCUMENTATION}/{kind}s/{short_name}",
        "license": licence,
        "supportLevel": support,
        "language": language,
    }
    if whole in PACKAGES:
        made["remoteRegistries"] = {"pypi": {"enabled": True, "packageName": f"airbyte-{whole}"}}
    schema = specification(kind, short_name)
    if schema:
        made["spec"] = {"documentationUrl": made["documentationUrl"], "connectionSpecification": schema}
        if kind == "destination":
            made["spec"]["supported_destination_sync_modes"] = facts[6]
            made["spec"]["supportsIncremental"] = True
    return made


def main():
    try:
        importlib.import_module("airbyte_api")
    except ModuleNotFoundError:
        sys.exit(__doc__)

    def lines(kind, table):
        entries = (entry(kind, name, facts) for name, facts in sorted(table.items()))
        return ",\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in entries)

    sources, destinations = lines("source", SOURCES), lines("destination", DESTINATIONS)
    text = f'{{"sources":[\n{sources}\n],"destinations":[\n{destinations}\n]}}\n'
    here = pathlib.Path(__file__).parent
    (here / "snapshot.json").write_text(text)
    (here / "snapshot.sha256").write_text(hashlib.sha256(text.encode()).hexdigest() + "\n")


main()
