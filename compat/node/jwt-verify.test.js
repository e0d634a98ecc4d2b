// aws-jwt-verify, unchanged, on AWS's own host names: it fetches the keys over verified TLS by itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CognitoJwtVerifier } from 'aws-jwt-verify';
import { PASSWORD, idp, makePool, makeUser } from './harness.js';

const pool = await makePool();
const signIn = async (from) =>
  (await idp.initiateAuth({ ClientId: from.clientId, AuthFlow: 'USER_PASSWORD_AUTH', AuthParameters: { USERNAME: await makeUser(from), PASSWORD } })).AuthenticationResult;
const verifier = (more) => CognitoJwtVerifier.create({ userPoolId: pool.id, clientId: pool.clientId, tokenUse: 'access', ...more });

test('both tokens verify, each by its own key', async () => {
  const tokens = await signIn(pool);
  const access = await verifier().verify(tokens.AccessToken);
  assert.equal(access.iss, `https://cognito-idp.eu-central-1.amazonaws.com/${pool.id}`);
  const id = await verifier({ tokenUse: 'id' }).verify(tokens.IdToken);
  assert.equal(id.sub, access.sub);
  const kid = (token) => JSON.parse(Buffer.from(token.split('.')[0], 'base64url')).kid;
  assert.notEqual(kid(tokens.AccessToken), kid(tokens.IdToken));
});

test('keys can be fetched ahead', async () => {
  const ahead = verifier();
  await ahead.hydrate();
  assert.ok(ahead.verifySync((await signIn(pool)).AccessToken));
});

test('refusals: token use, client, pool, signature, scope, group', async () => {
  const { AccessToken, IdToken } = await signIn(pool);
  await assert.rejects(verifier().verify(IdToken), /Token use not allowed/);
  await assert.rejects(verifier({ clientId: 'another' }).verify(AccessToken), /Client ID not allowed/);
  await assert.rejects(verifier().verify((await signIn(await makePool())).AccessToken));
  const [head, body, signature] = AccessToken.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url'));
  const forged = Buffer.from(JSON.stringify({ ...claims, username: 'admin' })).toString('base64url');
  await assert.rejects(verifier().verify(`${head}.${forged}.${signature}`), /Invalid signature/);
  assert.ok(await verifier({ scope: 'aws.cognito.signin.user.admin' }).verify(AccessToken));
  await assert.rejects(verifier({ scope: 'other/read' }).verify(AccessToken), /Scope not allowed/);
  await assert.rejects(verifier({ groups: 'staff' }).verify(AccessToken), /Group/i);
});

test('groups', async () => {
  const name = await makeUser(pool);
  await idp.createGroup({ UserPoolId: pool.id, GroupName: 'staff' });
  await idp.adminAddUserToGroup({ UserPoolId: pool.id, Username: name, GroupName: 'staff' });
  const { AuthenticationResult } = await idp.initiateAuth({ ClientId: pool.clientId, AuthFlow: 'USER_PASSWORD_AUTH', AuthParameters: { USERNAME: name, PASSWORD } });
  assert.deepEqual((await verifier({ groups: 'staff' }).verify(AuthenticationResult.AccessToken))['cognito:groups'], ['staff']);
});
