//! From an action to the call that is made and the rule of the reference that answers it too.
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::actions::{Action, Name};
use super::play::Place;
use super::reference::*;
use super::rules_users::New;

/// The third does not exist.
pub const GROUPS: [&str; 3] = ["group0", "group1", "group2"];

/// What is sent, and what the reference does with it.
pub struct Call {
    pub operation: &'static str,
    pub input: Value,
    pub rule: Box<dyn FnOnce(&mut Reference) -> Outcome>,
}

impl Call {
    fn new(operation: &'static str, input: Value, rule: impl FnOnce(&mut Reference) -> Outcome + 'static) -> Self {
        Self { operation, input, rule: Box::new(rule) }
    }

    fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.input[member] = value.into();
        self
    }
}

/// What an action comes to as things stand.
pub fn call(model: &Reference, place: &Place, action: &Action) -> Call {
    match action {
        Action::AdminCreateUser { .. } | Action::SignUp { .. } => making(model, place, action),
        Action::ConfirmSignUp { .. } | Action::ConfirmForgot { .. } | Action::ResendCode { .. } | Action::Forgot { .. } => {
            by_anybody(model, place, action)
        }
        Action::SignIn { .. } | Action::NewPassword { .. } | Action::Refresh { .. } | Action::Revoke { .. } => {
            session(model, place, action)
        }
        Action::GlobalSignOut { access }
        | Action::Delete { access }
        | Action::GetUser { access }
        | Action::ChangePassword { access, .. }
        | Action::Update { access, .. }
        | Action::DeleteAttribute { access, .. }
        | Action::AskCode { access }
        | Action::Verify { access, .. } => with_token(model, model.picked_access(*access), action),
        Action::AdminConfirmSignUp { name }
        | Action::AdminSetPassword { name, .. }
        | Action::AdminGlobalSignOut { name }
        | Action::AdminDisable { name }
        | Action::AdminEnable { name }
        | Action::AdminDelete { name }
        | Action::AdminReset { name }
        | Action::AdminUpdate { name, .. }
        | Action::AdminDeleteAttribute { name, .. }
        | Action::AddToGroup { name, .. }
        | Action::RemoveFromGroup { name, .. }
        | Action::AdminGetUser { name } => administration(model, place, *name, action),
        Action::Wait { .. } => unreachable!("time passes without a call"),
    }
}

fn making(model: &Reference, place: &Place, action: &Action) -> Call {
    match *action {
        Action::AdminCreateUser { name, given, password, force, silent } => {
            let new = New { name: model.written(name), attributes: model.attributes(given), password };
            let input = json!({
                "UserPoolId": place.pool,
                "Username": new.name,
                "UserAttributes": list(&new.attributes),
                "TemporaryPassword": PASSWORDS[password],
                "ForceAliasCreation": force,
            });
            let call = Call::new("AdminCreateUser", input, move |model| model.admin_create(&new, force, silent));
            if silent { call.with("MessageAction", "SUPPRESS") } else { call }
        }
        Action::SignUp { client, name, given, password } => {
            let new = New { name: model.written(name), attributes: model.attributes(given), password };
            let input = json!({
                "ClientId": place.clients[client],
                "Username": new.name,
                "UserAttributes": list(&new.attributes),
                "Password": PASSWORDS[password],
            });
            Call::new("SignUp", input, move |model| model.sign_up(client, &new))
        }
        ref other => unreachable!("{other:?}"),
    }
}

fn by_anybody(model: &Reference, place: &Place, action: &Action) -> Call {
    let answering = |client: usize, name: Name, purpose: Purpose| {
        let name = model.written(name);
        let uid = model.find(&name);
        (model.answering(client, uid, purpose), name, uid)
    };
    let input = |client: usize, name: &str| json!({ "ClientId": place.clients[client], "Username": name });
    match *action {
        Action::ConfirmSignUp { client, name, answer, force } => {
            let (client, name, uid) = answering(client, name, Purpose::SignUp);
            let code = model.answer(answer, uid, Purpose::SignUp);
            let (input, sent) = (input(client, &name), code.clone());
            Call::new("ConfirmSignUp", input, move |model| model.confirm(client, &name, &code, force))
                .with("ConfirmationCode", sent)
                .with("ForceAliasCreation", force)
        }
        Action::ConfirmForgot { client, name, answer, password } => {
            let (client, name, uid) = answering(client, name, Purpose::Reset);
            let code = model.answer(answer, uid, Purpose::Reset);
            let (input, sent) = (input(client, &name), code.clone());
            Call::new("ConfirmForgotPassword", input, move |model| model.confirm_forgot(client, &name, &code, password))
                .with("ConfirmationCode", sent)
                .with("Password", PASSWORDS[password])
        }
        Action::ResendCode { client, name } => {
            let name = model.written(name);
            Call::new("ResendConfirmationCode", input(client, &name), move |model| model.resend(client, &name))
        }
        Action::Forgot { client, name } => {
            let name = model.written(name);
            Call::new("ForgotPassword", input(client, &name), move |model| model.forgot(client, &name))
        }
        ref other => unreachable!("{other:?}"),
    }
}

fn session(model: &Reference, place: &Place, action: &Action) -> Call {
    let owner = |token: Option<usize>| token.map_or(0, |at| model.families[model.refresh[at].family].client);
    let text = |token: Option<usize>| token.map_or("no-token", |at| &model.refresh[at].text).to_owned();
    match *action {
        Action::SignIn { client, name, password, admin } => {
            let name = model.written(name);
            let password = model.typed(password, model.find(&name));
            let parameters = json!({ "USERNAME": name, "PASSWORD": password });
            let (operation, flow) =
                if admin { ("AdminInitiateAuth", "ADMIN_USER_PASSWORD_AUTH") } else { ("InitiateAuth", "USER_PASSWORD_AUTH") };
            let input = json!({ "ClientId": place.clients[client], "AuthFlow": flow, "AuthParameters": parameters });
            let call = Call::new(operation, input, move |model| model.sign_in(client, &name, &password));
            if admin { call.with("UserPoolId", place.pool.clone()) } else { call }
        }
        Action::NewPassword { session, name, password } => {
            let at = model.picked_session(session);
            let own = at.map_or_else(|| "nobody".to_owned(), |at| model.called(model.sessions[at].uid));
            let name = name.map_or(own, |name| model.written(name));
            let client = at.map_or(0, |at| model.sessions[at].client);
            let text = at.map_or("no session of anybody", |at| &model.sessions[at].text);
            let answers = json!({ "USERNAME": name, "NEW_PASSWORD": PASSWORDS[password] });
            let input = json!({ "ClientId": place.clients[client], "Session": text, "ChallengeResponses": answers });
            Call::new("RespondToAuthChallenge", input, move |model| model.new_password(at, &name, password))
                .with("ChallengeName", "NEW_PASSWORD_REQUIRED")
        }
        Action::Refresh { token, by_flow, client } => {
            let at = model.picked_refresh(token);
            let client = client.unwrap_or(owner(at));
            let input = json!({ "ClientId": place.clients[client] });
            let rule = move |model: &mut Reference| model.refresh(at, client, by_flow);
            match by_flow {
                true => Call::new("InitiateAuth", input, rule)
                    .with("AuthFlow", "REFRESH_TOKEN_AUTH")
                    .with("AuthParameters", json!({ "REFRESH_TOKEN": text(at) })),
                false => Call::new("GetTokensFromRefreshToken", input, rule).with("RefreshToken", text(at)),
            }
        }
        Action::Revoke { token, client } => {
            let at = model.picked_refresh(token);
            let client = client.unwrap_or(owner(at));
            let input = json!({ "ClientId": place.clients[client], "Token": text(at) });
            Call::new("RevokeToken", input, move |model| model.revoke(at, client))
        }
        ref other => unreachable!("{other:?}"),
    }
}

fn with_token(model: &Reference, at: Option<usize>, action: &Action) -> Call {
    let owner = at.map(|at| model.families[model.access[at].family].uid);
    let input = json!({ "AccessToken": at.map_or("a.b.c", |at| &model.access[at].text) });
    match action.clone() {
        Action::GlobalSignOut { .. } => Call::new("GlobalSignOut", input, move |model| model.global_sign_out(at)),
        Action::Delete { .. } => Call::new("DeleteUser", input, move |model| {
            let (uid, _) = model.authenticate(at)?;
            model.delete(uid)
        }),
        Action::GetUser { .. } => {
            Call::new("GetUser", input, move |model| model.authenticate(at).map(|(uid, _)| Fact::Shown(uid)))
        }
        Action::ChangePassword { old, new, .. } => {
            let old = model.typed(old, owner);
            let sent = old.clone();
            Call::new("ChangePassword", input, move |model| model.change_password(at, &old, new))
                .with("PreviousPassword", sent)
                .with("ProposedPassword", PASSWORDS[new])
        }
        Action::Update { given, .. } => {
            let new = model.attributes(given);
            let sent = list(&new);
            Call::new("UpdateUserAttributes", input, move |model| model.update(at, new)).with("UserAttributes", sent)
        }
        Action::DeleteAttribute { attribute, .. } => {
            Call::new("DeleteUserAttributes", input, move |model| model.update(at, emptied(attribute)))
                .with("UserAttributeNames", json!([attribute]))
        }
        Action::AskCode { .. } => {
            let call = Call::new("GetUserAttributeVerificationCode", input, move |model| model.ask_code(at));
            call.with("AttributeName", "email")
        }
        Action::Verify { answer, .. } => {
            let code = model.answer(answer, owner, Purpose::Email);
            let sent = code.clone();
            Call::new("VerifyUserAttribute", input, move |model| model.verify(at, &code))
                .with("AttributeName", "email")
                .with("Code", sent)
        }
        other => unreachable!("{other:?}"),
    }
}

fn administration(model: &Reference, place: &Place, name: Name, action: &Action) -> Call {
    let found = model.find_or_sub(&model.written(name)).ok_or(NOT_FOUND);
    let input = json!({ "UserPoolId": place.pool, "Username": model.written(name) });
    let call = |operation, rule: fn(&mut Reference, Uid) -> Outcome| {
        Call::new(operation, input.clone(), move |model| found.and_then(|uid| rule(model, uid)))
    };
    match action.clone() {
        Action::AdminConfirmSignUp { .. } => call("AdminConfirmSignUp", Reference::admin_confirm),
        Action::AdminGlobalSignOut { .. } => call("AdminUserGlobalSignOut", |model, uid| Ok(model.sign_out(uid))),
        Action::AdminDisable { .. } => call("AdminDisableUser", |model, uid| Ok(model.enable(uid, false))),
        Action::AdminEnable { .. } => call("AdminEnableUser", |model, uid| Ok(model.enable(uid, true))),
        Action::AdminDelete { .. } => call("AdminDeleteUser", Reference::delete),
        Action::AdminReset { .. } => call("AdminResetUserPassword", Reference::admin_reset),
        Action::AdminGetUser { .. } => call("AdminGetUser", |_, uid| Ok(Fact::Shown(uid))),
        Action::AdminSetPassword { password, permanent, .. } => {
            let rule = move |model: &mut Reference| found.and_then(|uid| model.admin_set_password(uid, password, permanent));
            Call::new("AdminSetUserPassword", input, rule).with("Password", PASSWORDS[password]).with("Permanent", permanent)
        }
        Action::AdminUpdate { given, .. } => {
            let new = model.attributes(given);
            let sent = list(&new);
            let rule = move |model: &mut Reference| found.and_then(|uid| model.admin_update(uid, new));
            Call::new("AdminUpdateUserAttributes", input, rule).with("UserAttributes", sent)
        }
        Action::AdminDeleteAttribute { attribute, .. } => {
            let rule = move |model: &mut Reference| found.and_then(|uid| model.admin_update(uid, emptied(attribute)));
            Call::new("AdminDeleteUserAttributes", input, rule).with("UserAttributeNames", json!([attribute]))
        }
        Action::AddToGroup { group, .. } => {
            let rule = move |model: &mut Reference| found.and_then(|uid| model.group(uid, group, true));
            Call::new("AdminAddUserToGroup", input, rule).with("GroupName", GROUPS[group])
        }
        Action::RemoveFromGroup { group, .. } => {
            let rule = move |model: &mut Reference| found.and_then(|uid| model.group(uid, group, false));
            Call::new("AdminRemoveUserFromGroup", input, rule).with("GroupName", GROUPS[group])
        }
        other => unreachable!("{other:?}"),
    }
}

/// To delete is to set to nothing.
fn emptied(attribute: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(attribute.to_owned(), String::new())])
}

fn list(attributes: &BTreeMap<String, String>) -> Value {
    attributes.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect()
}
