//! `/changePassword`: a user with a temporary password chooses their own. Reached only through `/login`, which leaves
//! the challenge's session in a step.

use std::collections::BTreeMap;

use axum::response::Response;
use poolhouse_engine::auth::{self, Step as SignIn};
use poolhouse_engine::error::Error;
use poolhouse_engine::oauth::authorize::Request;
use poolhouse_engine::rates::quotas::Category;
use poolhouse_engine::users::User;
use poolhouse_wire::ErrorCode;

use super::step::{News, Step};
use super::visit::{Answer, Posted, Visit};
use super::{contexts, errors, form, look, paths, sign_in};

/// The prefix that the challenge gives to attributes.
const ATTRIBUTE: &str = "userAttributes.";

pub async fn get(visit: Visit) -> Answer {
    let request = visit.request().await?;
    let Some((_, user)) = open(&visit, &request).await? else { return start_again(&visit, &request) };
    Ok(page(&visit, &request, &user, &BTreeMap::new(), None))
}

pub async fn post(Posted { visit, form }: Posted) -> Answer {
    let request = visit.admitted(Category::UserAccountRecovery).await?;
    let Some((session, user)) = open(&visit, &request).await? else { return start_again(&visit, &request) };
    let missing = auth::new_password::missing_attributes(&request.pool, &user);
    let given = form::attributes(&form, &missing);
    let again = |said: &str| page(&visit, &request, &user, &given, Some(said.to_owned()));
    let password = match form::new_password(&form, "new_password", "confirm_password") {
        Ok(password) => password,
        Err(problem) => return Ok(again(problem)),
    };
    if given.values().any(|value| form::attribute_problem(value).is_some()) {
        return Ok(again("Fill in every field."));
    }
    let attributes = given.iter().map(|(name, value)| (format!("{ATTRIBUTE}{name}"), value.clone())).collect();
    let entry = visit.ctx.entry(paths::NEW_PASSWORD);
    let outcome = auth::new_password::answer(&visit.ctx, &request.pool, &request.client, &session, password, &attributes).await;
    errors::taken(entry, &visit, &request, paths::NEW_PASSWORD, outcome.as_ref().err());
    match outcome {
        Ok(SignIn::SignedIn(signed_in)) => sign_in::finish(&visit, &request, signed_in).await,
        Ok(SignIn::Challenge(challenge)) => {
            Err(visit.fail(&Error::internal(format!("no page asks the challenge {}", challenge.name.as_str()))))
        }
        // The session was used or has ended meanwhile.
        Err(error) if error.is(ErrorCode::NotAuthorizedException) => start_again(&visit, &request),
        Err(error) => Ok(again(&errors::said(&visit, &error)?)),
    }
}

/// The session of the challenge and whose it is; `None` for whoever did not come through `/login`, or too late
/// (step skipping, checklist 58).
async fn open(visit: &Visit, request: &Request) -> Result<Option<(String, User)>, super::visit::Stop> {
    let Some(Step::NewPassword { session }) = visit.step(request) else { return Ok(None) };
    match auth::new_password::user_of(&visit.ctx, &request.pool, &request.client, &session).await {
        Ok(user) => Ok(Some((session, user))),
        Err(error) if error.is(ErrorCode::NotAuthorizedException) => Ok(None),
        Err(error) => Err(visit.fail(&error)),
    }
}

fn start_again(visit: &Visit, request: &Request) -> Answer {
    visit.go_with(paths::LOGIN, request, &Step::SignIn { username: String::new(), news: News::Again })
}

fn page(visit: &Visit, request: &Request, user: &User, given: &BTreeMap<String, String>, error: Option<String>) -> Response {
    let missing = auth::new_password::missing_attributes(&request.pool, user);
    // What password managers should keep: an address the user signs in with, where the user name is only an id.
    let known_as = user.addresses().next().filter(|_| user.username() == user.sub());
    visit.show(&contexts::NewPassword {
        shell: look::frame(visit, request),
        action: visit.here(paths::NEW_PASSWORD),
        csrf: visit.token.clone(),
        username: look::username(&request.pool, known_as.as_deref().unwrap_or(user.username())),
        rules: look::rules(&request.pool),
        attributes: look::fields(&missing, given),
        error,
        sign_in_url: visit.url(paths::LOGIN),
    })
}
