#!/bin/sh
# Prints all kinds of things, and an answer among them.
echo 'Welcome to the connector!'
echo '{"type": "UNHEARD_OF", "x": 1}'
echo '{"hello": "world"'
printf '\377\376\n'
head -c 30000000 /dev/zero | tr '\0' x
echo
echo 'on the error side' >&2
echo '{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}'
printf 'no end of line'
