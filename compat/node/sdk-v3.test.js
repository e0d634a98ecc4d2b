// AWS SDK for JavaScript v3: the API as Node and browser back ends call it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CognitoIdentityProvider, NotAuthorizedException, UserNotFoundException, paginateListUsers } from '@aws-sdk/client-cognito-identity-provider';
import { PASSWORD, code, idp, makePool, makeUser, refused, server, wrong } from './harness.js';

// What an application has: no keys at all.
const app = new CognitoIdentityProvider({ region: server.region, endpoint: server.http, maxAttempts: 1, credentials: { accessKeyId: '', secretAccessKey: '' } });
const signIn = (pool, USERNAME, secret = PASSWORD) =>
  app.initiateAuth({ ClientId: pool.clientId, AuthFlow: 'USER_PASSWORD_AUTH', AuthParameters: { USERNAME, PASSWORD: secret } });

test('sign up, confirm, sign in, read, change, delete', async () => {
  const pool = await makePool();
  const at = { ClientId: pool.clientId, Username: 'sdk@example.com' };
  const made = await app.signUp({ ...at, Password: PASSWORD, UserAttributes: [{ Name: 'email', Value: at.Username }] });
  assert.equal(made.UserConfirmed, false);
  const right = await code(at.Username);
  await refused(app.confirmSignUp({ ...at, ConfirmationCode: wrong(right) }), 'CodeMismatchException', /Invalid verification code provided/);
  await app.confirmSignUp({ ...at, ConfirmationCode: right });
  await refused(signIn(pool, at.Username, 'Wrong-pass1!'), 'NotAuthorizedException', /^Incorrect username or password\.$/);
  const { AuthenticationResult } = await signIn(pool, at.Username);
  const AccessToken = AuthenticationResult.AccessToken;
  const user = await app.getUser({ AccessToken });
  assert.equal(user.Username, made.UserSub);
  await app.changePassword({ AccessToken, PreviousPassword: PASSWORD, ProposedPassword: 'Changed-2!' });
  await app.deleteUser({ AccessToken });
  await refused(signIn(pool, at.Username, 'Changed-2!'), 'UserNotFoundException');
});

test('errors are classes with status and request id', async () => {
  const pool = await makePool();
  await assert.rejects(signIn(pool, 'nobody@example.com'), (error) => {
    assert.ok(error instanceof UserNotFoundException);
    assert.equal(error.$metadata.httpStatusCode, 400);
    assert.match(error.$metadata.requestId, /^[0-9a-f-]{36}$/);
    return true;
  });
  await assert.rejects(app.getUser({ AccessToken: 'not.a.token' }), NotAuthorizedException);
});

test('time stamps are dates and pages follow each other', async () => {
  const pool = await makePool();
  const names = [];
  for (let i = 0; i < 5; i += 1) names.push(await makeUser(pool));
  const { UserPool } = await idp.describeUserPool({ UserPoolId: pool.id });
  assert.ok(UserPool.CreationDate instanceof Date && Math.abs(Date.now() - UserPool.CreationDate.getTime()) < 60_000);
  const seen = [];
  for await (const page of paginateListUsers({ client: idp, pageSize: 2 }, { UserPoolId: pool.id })) {
    assert.ok(page.Users.length <= 2);
    seen.push(...page.Users.map((user) => user.Attributes.find((a) => a.Name === 'email').Value));
  }
  assert.deepEqual(seen.sort(), names.sort());
});

test('a forgotten password', async () => {
  const pool = await makePool();
  const at = { ClientId: pool.clientId, Username: await makeUser(pool) };
  await app.forgotPassword(at);
  const right = await code(at.Username);
  await refused(app.confirmForgotPassword({ ...at, ConfirmationCode: wrong(right), Password: 'Changed-2!' }), 'CodeMismatchException');
  await app.confirmForgotPassword({ ...at, ConfirmationCode: right, Password: 'Changed-2!' });
  await refused(app.confirmForgotPassword({ ...at, ConfirmationCode: right, Password: 'Changed-3!' }), 'ExpiredCodeException');
  assert.ok((await signIn(pool, at.Username, 'Changed-2!')).AuthenticationResult);
});
