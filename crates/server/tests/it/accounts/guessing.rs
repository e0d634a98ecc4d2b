//! Guessing passwords and codes: checklist 75 to 79, 97.
use std::sync::{Arc, Mutex, mpsc};

use poolhouse_engine::keys::password::HashCost;
use serde_json::{Value, json};

use super::{
    DAY_MS, EXCEEDED, HOUR_MS, INCORRECT, MINUTE_MS, OTHER_PASSWORD, admin, by_name, confirmed, newest, sign_up, signed_in,
    token, try_password,
};
use crate::both;
use crate::harness::{App, House, Options, PASSWORD, Store};

const WRONG: &str = "Wrong-Horse-1";

/// One guess; true where it was evaluated.
async fn guess(house: &House, app: &App, name: &str) -> bool {
    let reply = try_password(house, app, name, WRONG).await;
    match reply.error().1.as_str() {
        INCORRECT => true,
        EXCEEDED => false,
        _ => panic!("{reply:?}"),
    }
}

/// The most entries any 24 hours hold.
fn most_in_a_day(times: &[i64]) -> usize {
    times.iter().map(|from| times.iter().filter(|at| (*from..*from + DAY_MS).contains(*at)).count()).max().unwrap_or(0)
}

/// Guesses whenever there is leave, for two days; when each was evaluated.
async fn greedy(house: &House, app: &App, name: &str) -> Vec<i64> {
    let (mut times, end) = (Vec::new(), house.clock.now_ms() + 2 * DAY_MS);
    let mut wait = 0;
    while house.clock.now_ms() < end {
        house.clock.advance_ms(wait);
        let mut waited = wait;
        while !guess(house, app, name).await {
            wait = (waited * 2).clamp(1000, 15 * MINUTE_MS);
            assert!(wait > waited, "locked for longer than a quarter of an hour");
            house.clock.advance_ms(wait - waited);
            waited = wait;
        }
        times.push(house.clock.now_ms());
    }
    times
}

/// Guesses `burst` times with as little waiting as possible, then keeps quiet for a quarter of an hour, as Cognito's law
/// rewards most; after each burst the owner signs in where they can.
async fn patient(house: &House, app: &App, name: &str, burst: usize, owner: bool) -> Vec<i64> {
    let (mut times, end) = (Vec::new(), house.clock.now_ms() + 2 * DAY_MS);
    while house.clock.now_ms() < end {
        let mut wait = 1000;
        for _ in 0..burst {
            while !guess(house, app, name).await {
                house.clock.advance_ms(wait);
                wait = (wait * 2).min(15 * MINUTE_MS);
            }
            times.push(house.clock.now_ms());
        }
        house.clock.advance_ms(15 * MINUTE_MS);
        if owner {
            try_password(house, app, name, PASSWORD).await;
        }
    }
    times
}

#[tokio::test]
async fn sec_075_no_day_sees_more_than_120_guesses() {
    let house = House::start().await;
    let app = house.app().await;
    for name in ["greedy@example.com", "five@example.com", "fourteen@example.com", "busy@example.com"] {
        house.user(&app.pool, name).await;
    }
    let strategies = [
        ("known, greedy", greedy(&house, &app, "greedy@example.com").await),
        ("unknown, greedy", greedy(&house, &app, "nobody@example.com").await),
        ("known, bursts of five", patient(&house, &app, "five@example.com", 5, false).await),
        ("known, bursts of fourteen", patient(&house, &app, "fourteen@example.com", 14, false).await),
        ("known, its owner signs in", patient(&house, &app, "busy@example.com", 5, true).await),
    ];
    for (strategy, times) in &strategies {
        let most = most_in_a_day(times);
        assert!((96..=120).contains(&most), "{strategy}: {most}");
    }
    assert_eq!(strategies[0].1.len(), strategies[1].1.len(), "known and unknown names are slowed down alike");
}

both! {
    async fn sec_075_five_failures_are_free_and_each_further_one_waits_twice_as_long(house: House) {
        let app = house.app().await;
        house.user(&app.pool, "ann@example.com").await;
        for name in ["ann@example.com", "nobody@example.com"] {
            for _ in 0..5 {
                assert!(guess(&house, &app, name).await);
            }
            for seconds in [1, 2, 4, 8] {
                assert!(!guess(&house, &app, name).await);
                house.clock.advance_ms(seconds * 1000 - 1);
                assert!(!guess(&house, &app, name).await, "{seconds} s; a try while locked does not extend the lock");
                house.clock.advance_ms(1);
                assert!(guess(&house, &app, name).await);
            }
            assert_eq!(try_password(&house, &app, name, PASSWORD).await.error().1, EXCEEDED, "the right one too");
        }
        house.clock.advance_ms(15 * MINUTE_MS);
        signed_in(&house, &app, "ann@example.com", PASSWORD).await;
    }
}

#[tokio::test]
async fn sec_075_every_door_counts() {
    let house = House::start().await;
    let app = house.app().await;
    house.user(&app.pool, "ann@example.com").await;
    let access = token(&house, &app, "ann@example.com", PASSWORD).await;
    let admin_door = json!({
        "UserPoolId": app.pool, "ClientId": app.client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": "ann@example.com", "PASSWORD": WRONG },
    });
    let change = json!({ "AccessToken": access, "PreviousPassword": WRONG, "ProposedPassword": OTHER_PASSWORD });
    for _ in 0..2 {
        assert_eq!(house.refused("AdminInitiateAuth", admin_door.clone()).await.1, INCORRECT);
        assert_eq!(house.refused("ChangePassword", change.clone()).await.1, INCORRECT);
    }
    assert!(guess(&house, &app, "ANN@example.com").await || guess(&house, &app, "ann@example.com").await);
    guess(&house, &app, "ann@example.com").await;
    for (operation, input) in [("AdminInitiateAuth", admin_door), ("ChangePassword", change)] {
        assert_eq!(house.refused(operation, input).await.1, EXCEEDED, "{operation}");
    }
    assert_eq!(try_password(&house, &app, "ann@example.com", PASSWORD).await.error().1, EXCEEDED);
}

/// 200 at once, to each node in turn: evaluated ones.
async fn race(nodes: &[Arc<House>], app: &App, name: &str) -> usize {
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..200 {
        let (node, app, name) = (Arc::clone(&nodes[n % nodes.len()]), app.clone(), name.to_owned());
        tasks.spawn(async move { guess(&node, &app, &name).await });
    }
    tasks.join_all().await.into_iter().filter(|evaluated| *evaluated).count()
}

#[tokio::test]
async fn sec_076_of_200_parallel_guesses_over_two_nodes_five_are_evaluated() {
    let house = House::with(Options { store: Store::Postgres, ..Options::default() }).await;
    let nodes = [Arc::new(house.twin().await), Arc::new(house)];
    let app = nodes[1].app().await;
    nodes[1].user(&app.pool, "ann@example.com").await;
    for name in ["ann@example.com", "nobody@example.com"] {
        assert_eq!(race(&nodes, &app, name).await, 5, "{name}");
    }
    assert_eq!(try_password(&nodes[0], &app, "ann@example.com", PASSWORD).await.error().1, EXCEEDED);
}

#[tokio::test]
async fn sec_076_of_200_parallel_guesses_on_sqlite_five_are_evaluated() {
    let nodes = [Arc::new(House::start().await)];
    let app = nodes[0].app().await;
    nodes[0].user(&app.pool, "ann@example.com").await;
    assert_eq!(race(&nodes, &app, "ann@example.com").await, 5);
}

#[tokio::test]
async fn sec_078_a_lock_out_stops_password_sign_ins_and_nothing_else() {
    let house = House::start().await;
    let app = house.app().await;
    let name = "ann@example.com";
    house.user(&app.pool, name).await;
    let tokens = house.sign_in(&app, name).await;
    // Far into the law of the day.
    for _ in 0..14 {
        while !guess(&house, &app, name).await {
            house.clock.advance_ms(MINUTE_MS);
        }
    }
    assert_eq!(try_password(&house, &app, name, PASSWORD).await.error().1, EXCEEDED);
    let refresh = json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": app.client, "AuthParameters": { "REFRESH_TOKEN": tokens["RefreshToken"] } });
    let fresh = house.ok("InitiateAuth", refresh).await["AuthenticationResult"]["AccessToken"].clone();
    house.ok("GetUser", json!({ "AccessToken": fresh })).await;
    house.ok("ForgotPassword", json!({ "ClientId": app.client, "Username": name })).await;
    // A reset by code does not unlock (checklist 88), an administrator does.
    let code = newest(&house, name).await;
    let reset = json!({ "ClientId": app.client, "Username": name, "ConfirmationCode": code, "Password": OTHER_PASSWORD });
    house.ok("ConfirmForgotPassword", reset).await;
    assert_eq!(try_password(&house, &app, name, OTHER_PASSWORD).await.error().1, EXCEEDED);
    admin(&house, &app, "AdminSetUserPassword", name, json!({ "Password": PASSWORD, "Permanent": true })).await;
    signed_in(&house, &app, name, PASSWORD).await;
}

/// Tries `guess` as often as the server evaluates it, over a day: asks for a new code whenever that is allowed.
async fn guess_codes_for_a_day(house: &House, ask: (&str, Value), guess: (&str, Value)) -> usize {
    let mut evaluated = 0;
    for _ in 0..24 {
        loop {
            let (mut limited, mut dead) = (false, false);
            let asked = house.api(ask.0, ask.1.clone()).await;
            while !limited && !dead {
                let reply = house.api(guess.0, guess.1.clone()).await;
                match reply.error().0.as_str() {
                    "CodeMismatchException" => evaluated += 1,
                    "ExpiredCodeException" => dead = true,
                    "LimitExceededException" => limited = true,
                    _ => panic!("{reply:?}"),
                }
            }
            if limited || asked.status != 200 {
                break;
            }
        }
        house.clock.advance_ms(HOUR_MS);
    }
    evaluated
}

#[tokio::test]
async fn sec_079_a_day_of_guessing_codes_succeeds_once_in_a_thousand_at_most() {
    let house = House::start().await;
    let app = by_name(&house, json!({})).await;
    sign_up(&house, &app, "waiting", "waiting@example.com").await;
    confirmed(&house, &app, "ann", "ann@example.com").await;
    let named = |name: &str| json!({ "ClientId": app.client, "Username": name });
    let with = |mut input: Value, more: Value| {
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let code = json!({ "ConfirmationCode": "000000" });
    let confirm = ("ConfirmSignUp", with(named("waiting"), code));
    let sign_up = guess_codes_for_a_day(&house, ("ResendConfirmationCode", named("waiting")), confirm).await;
    let reset =
        ("ConfirmForgotPassword", with(named("ann"), json!({ "ConfirmationCode": "000000", "Password": OTHER_PASSWORD })));
    let reset = guess_codes_for_a_day(&house, ("ForgotPassword", named("ann")), reset).await;
    let mut verify = 0;
    for hour in 0..24 {
        // An access token lives an hour.
        let access = token(&house, &app, "ann", PASSWORD).await;
        let named = json!({ "AccessToken": access, "AttributeName": "email" });
        let guess = with(named.clone(), json!({ "Code": "000000" }));
        loop {
            // Changing the address to and fro sends codes too.
            let asked = house.api("GetUserAttributeVerificationCode", named.clone()).await.status;
            let email = format!("victim-{}@example.com", verify % 2);
            let change = json!({ "AccessToken": access, "UserAttributes": super::list(&[("email", &email)]) });
            let changed = house.api("UpdateUserAttributes", change).await.status;
            let mut last = house.api("VerifyUserAttribute", guess.clone()).await.error().0;
            while last == "CodeMismatchException" {
                verify += 1;
                last = house.api("VerifyUserAttribute", guess.clone()).await.error().0;
            }
            if last == "LimitExceededException" || (asked != 200 && changed != 200) {
                break;
            }
        }
        assert!(verify <= 15 * (hour + 1), "{verify}");
        house.clock.advance_ms(HOUR_MS);
    }
    // Six digits: one in a million each. Nobody can be unconfirmed and signed in at once; the sum is a bound all the same
    // for whoever is first one and then the other.
    for (door, count) in [("sign-up", sign_up), ("reset", reset), ("verify", verify)] {
        assert!((100..=375).contains(&count), "{door}: {count}");
    }
    assert!(sign_up.max(verify) + reset <= 1000);
}

#[tokio::test]
async fn sec_097_a_full_line_turns_sign_ins_away_at_once_and_holds_up_nothing_else() {
    let house = House::with(Options { hash_cost: HashCost::STANDARD, ..Options::default() }).await;
    let app = house.app().await;
    let name = "ann@example.com";
    house.user(&app.pool, name).await;
    let tokens = house.sign_in(&app, name).await;
    let (open, gate) = mpsc::channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let mut jobs = tokio::task::JoinSet::new();
    for _ in 0..10_000 {
        let (work, gate) = (house.engine.work.passwords.clone(), Arc::clone(&gate));
        jobs.spawn(async move {
            work.run(move || {
                // Ends when the gate is dropped open.
                let _ = gate.lock().map(|gate| gate.recv());
            })
            .await
        });
    }
    // The first job to end is one that was turned away: the line is full.
    assert!(jobs.join_next().await.unwrap().unwrap().is_err());
    let started = std::time::Instant::now();
    let reply = try_password(&house, &app, name, PASSWORD).await;
    assert_eq!(reply.error().0, "TooManyRequestsException", "{reply:?}");
    house.ok("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await;
    assert_eq!(house.get(&format!("/{}/.well-known/jwks.json", app.pool)).await.status, 200);
    assert!(started.elapsed().as_secs() < 5, "nobody waited for the line");
    drop(open);
    while jobs.join_next().await.is_some() {}
    signed_in(&house, &app, name, PASSWORD).await;
}
