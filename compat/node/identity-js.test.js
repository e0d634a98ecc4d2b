// amazon-cognito-identity-js: SRP, the new password, refresh and sign-out by the library most old front ends use.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuthenticationDetails, CognitoRefreshToken, CognitoUser, CognitoUserAttribute, CognitoUserPool } from 'amazon-cognito-identity-js';
import { PASSWORD, code, makePool, makeUser, makeUserWithShortSalt, refused, server, wrong } from './harness.js';

const open = (pool) => new CognitoUserPool({ UserPoolId: pool.id, ClientId: pool.clientId, endpoint: server.http });
const user = (pool, Username) => new CognitoUser({ Username, Pool: open(pool) });
const call = (run) => new Promise((resolve, reject) => run((error, value) => (error ? reject(error) : resolve(value))));

// Resolves to {session} or {newPassword: attributes}.
const signIn = (who, Username, Password) =>
  new Promise((resolve, reject) =>
    who.authenticateUser(new AuthenticationDetails({ Username, Password }), {
      onSuccess: (session) => resolve({ session }),
      onFailure: reject,
      newPasswordRequired: (given, required) => resolve({ newPassword: { given, required } }),
    }),
  );

test('SRP sign-in, also with passwords outside ASCII', async () => {
  const pool = await makePool();
  for (const password of [PASSWORD, 'Pässwörd-1', 'Пароль-Aa1', '日本語-Aa1!', 'Aa1!🔑-clé']) {
    const name = await makeUser(pool, { password });
    const { session } = await signIn(user(pool, name), name, password);
    assert.ok(session.isValid());
    assert.equal(session.getIdToken().payload.email, name);
    await refused(signIn(user(pool, name), name, `${password}x`), 'NotAuthorizedException', /^Incorrect username or password\.$/);
  }
});

test('SRP for many users: each with another salt', async () => {
  const pool = await makePool();
  for (let i = 0; i < 20; i += 1) {
    const name = await makeUser(pool);
    assert.ok((await signIn(user(pool, name), name, PASSWORD)).session.isValid());
  }
});

test('SRP with a salt that begins with zero', async () => {
  const pool = await makePool();
  const name = await makeUserWithShortSalt(pool);
  assert.ok((await signIn(user(pool, name), name, PASSWORD)).session.isValid());
  await refused(signIn(user(pool, name), name, `${PASSWORD}x`), 'NotAuthorizedException', /^Incorrect username or password\.$/);
});

test('a flipped bit in the proof is refused', async () => {
  const pool = await makePool();
  const name = await makeUser(pool);
  const who = user(pool, name);
  const send = who.client.request.bind(who.client);
  who.client.request = (operation, params, callback) => {
    const proof = params.ChallengeResponses?.PASSWORD_CLAIM_SIGNATURE;
    if (proof) {
      const bytes = Buffer.from(proof, 'base64');
      bytes[13] ^= 0x10;
      params.ChallengeResponses.PASSWORD_CLAIM_SIGNATURE = bytes.toString('base64');
    }
    send(operation, params, callback);
  };
  await refused(signIn(who, name, PASSWORD), 'NotAuthorizedException', /^Incorrect username or password\.$/);
});

test('a temporary password must be changed', async () => {
  const pool = await makePool();
  const name = await makeUser(pool, { password: 'Temp0rary!', temporary: true });
  const who = user(pool, name);
  const { newPassword } = await signIn(who, name, 'Temp0rary!');
  assert.deepEqual(newPassword.required, []);
  assert.equal(newPassword.given.email, name);
  const complete = (password) => new Promise((onSuccess, onFailure) => who.completeNewPasswordChallenge(password, {}, { onSuccess, onFailure }));
  await refused(complete('short'), 'InvalidPasswordException');
  const again = user(pool, name);
  await signIn(again, name, 'Temp0rary!');
  const session = await new Promise((onSuccess, onFailure) => again.completeNewPasswordChallenge('Chosen-öne1', {}, { onSuccess, onFailure }));
  assert.ok(session.isValid());
  assert.ok((await signIn(user(pool, name), name, 'Chosen-öne1')).session.isValid());
});

test('sign up, confirm, attributes, password, deletion', async () => {
  const pool = await makePool();
  const name = 'idjs@example.com';
  const mail = new CognitoUserAttribute({ Name: 'email', Value: name });
  const made = await call((done) => open(pool).signUp(name, PASSWORD, [mail], null, done));
  assert.equal(made.userConfirmed, false);
  const who = user(pool, name);
  const first = await code(name);
  await refused(call((done) => who.confirmRegistration(wrong(first), false, done)), 'CodeMismatchException');
  await call((done) => who.resendConfirmationCode(done));
  await call(async (done) => who.confirmRegistration(await code(name, first), false, done));
  await signIn(who, name, PASSWORD);
  await call((done) => who.updateAttributes([new CognitoUserAttribute({ Name: 'name', Value: 'Zoë' })], done));
  const attributes = await call((done) => who.getUserAttributes(done));
  assert.equal(attributes.find((a) => a.Name === 'name').Value, 'Zoë');
  await refused(call((done) => who.changePassword('Not-this1!', 'Changed-2!', done)), 'NotAuthorizedException');
  await call((done) => who.changePassword(PASSWORD, 'Changed-2!', done));
  await call((done) => who.deleteUser(done));
  await refused(signIn(user(pool, name), name, 'Changed-2!'), 'UserNotFoundException');
});

test('refresh, sign-out here and everywhere', async () => {
  const pool = await makePool();
  const name = await makeUser(pool);
  const who = user(pool, name);
  const { session } = await signIn(who, name, PASSWORD);
  const fresh = await call((done) => who.refreshSession(session.getRefreshToken(), done));
  assert.notEqual(fresh.getAccessToken().getJwtToken(), session.getAccessToken().getJwtToken());
  await refused(call((done) => who.refreshSession(new CognitoRefreshToken({ RefreshToken: 'eyJjdHkiOiJKV1QifQ.a.b.c.d' }), done)), 'NotAuthorizedException');
  // signOut with a callback revokes the refresh token.
  await new Promise((resolve) => who.signOut(resolve));
  await refused(call((done) => user(pool, name).refreshSession(session.getRefreshToken(), done)), 'NotAuthorizedException');

  const other = user(pool, name);
  const second = (await signIn(other, name, PASSWORD)).session;
  await new Promise((onSuccess, onFailure) => other.globalSignOut({ onSuccess, onFailure }));
  await refused(call((done) => user(pool, name).refreshSession(second.getRefreshToken(), done)), 'NotAuthorizedException');
});

test('a forgotten password', async () => {
  const pool = await makePool();
  const name = await makeUser(pool);
  const who = user(pool, name);
  await new Promise((resolve, onFailure) => who.forgotPassword({ onSuccess: resolve, inputVerificationCode: resolve, onFailure }));
  const right = await code(name);
  const confirm = (given) => new Promise((onSuccess, onFailure) => who.confirmPassword(given, 'Changed-2!', { onSuccess, onFailure }));
  await refused(confirm(wrong(right)), 'CodeMismatchException');
  await confirm(right);
  assert.ok((await signIn(user(pool, name), name, 'Changed-2!')).session.isValid());
});
