// The Postman collection beside this file, run by newman against a started server; the argument is the
// directory that newman is installed in.

import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(`${resolve(process.argv[2])}/`);
const newman = require('newman');
const LEAST = 35;

const { FERROBYTE_URL, FERROBYTE_ENGINE, FERROBYTE_ADMIN_CLIENT_ID, FERROBYTE_ADMIN_CLIENT_SECRET } = process.env;
const version = require('newman/package.json').version;
console.log(`newman ${version} on ${FERROBYTE_ENGINE}, ${FERROBYTE_URL}`);

let passed = 0;
let failed = 0;
const check = (what, error) => {
  if (error) failed += 1;
  else passed += 1;
  console.log(error ? `  FAIL  ${what}: ${error.message}` : `  ok    ${what}`);
};

newman
  .run({
    collection: fileURLToPath(new URL('collection.json', import.meta.url)),
    envVar: [
      { key: 'url', value: FERROBYTE_URL },
      { key: 'clientId', value: FERROBYTE_ADMIN_CLIENT_ID },
      { key: 'clientSecret', value: FERROBYTE_ADMIN_CLIENT_SECRET },
    ],
    delayRequest: 50,
    timeoutRequest: 10_000,
  })
  .on('assertion', (_, { assertion, error }) => check(assertion, error))
  .on('request', (error, { item } = {}) => error && check(item.name, error))
  .on('exception', (_, { error }) => check('a script of the collection', error))
  .on('done', (error, summary) => {
    if (error) check('the run', error);
    const seen = new Set(summary.run.executions.map(({ item }) => item.name)).size;
    const all = summary.collection.items.count();
    check(`all ${all} requests were made`, seen < all && new Error(`only ${seen}`));
    check(`at least ${LEAST} checks were made`, passed + failed < LEAST && new Error(`only ${passed + failed}`));
    console.log(`${passed} passed, ${failed} failed`);
    process.exitCode = failed ? 1 : 0;
  });
