//! Tables of authentication: codes, attempts, challenges, authorization codes, refresh tokens, browser sessions.

use poolhouse_store::tables::attempts::Backoff;
use poolhouse_store::tables::codes::Taken;
use poolhouse_store::tables::{
    attempts, authorization_codes, browser_sessions, challenge_sessions, codes, pools, refresh, sessions, users,
};

use crate::rows::*;
use crate::support::{both, is_unique, r, race, w};

both! {
    async fn sec_083_a_new_code_voids_the_old_one(f: Fixture) {
        seed(&f.db, &["s"]).await;
        w!(f.db, |tx| codes::put(tx, &code("p", "s", "reset", b"old")).await).unwrap();
        let miss = w!(f.db, |tx| codes::take_if_matches(tx, "p", "s", "reset", b"bad", NOW, 5).await);
        assert_eq!(miss, Ok(Taken::Mismatch { attempts: 1 }));
        let new = codes::CodeRow { attribute: Some("email".into()), pending: Some("n@x".into()), client_id: Some("c".into()), ..code("p", "s", "reset", b"new") };
        let row = new.clone();
        w!(f.db, |tx| codes::put(tx, &row).await).unwrap();
        assert_eq!(r!(f.db, |tx| codes::get(tx, "p", "s", "reset").await), Some(new.clone()), "its tries start at none");
        let take = |mac: &'static [u8], purpose: &'static str, now: i64| {
            let db = f.db.clone();
            async move { w!(db, |tx| codes::take_if_matches(tx, "p", "s", purpose, mac, now, 5).await).unwrap() }
        };
        assert_eq!(take(b"old", "reset", NOW).await, Taken::Mismatch { attempts: 1 });
        assert_eq!(take(b"new", "sign_up", NOW).await, Taken::Unavailable, "sec 81: another purpose");
        assert_eq!(take(b"new", "reset", NOW + HOUR).await, Taken::Unavailable, "expired");
        assert_eq!(take(b"new", "reset", NOW).await, Taken::Matched(codes::CodeRow { attempts: 2, ..new }));
        assert_eq!(take(b"new", "reset", NOW).await, Taken::Unavailable, "used");
    }
}

both! {
    async fn sec_079_a_code_dies_after_its_tries_however_many_guess_at_once(f: Fixture) {
        seed(&f.db, &["s"]).await;
        w!(f.db, |tx| codes::put(tx, &code("p", "s", "reset", b"mac")).await).unwrap();
        let guesses = race(f, 200, |db, _| async move {
            w!(db, |tx| codes::take_if_matches(tx, "p", "s", "reset", b"bad", NOW, 5).await).unwrap()
        }).await;
        assert_eq!(guesses.iter().filter(|g| matches!(g, Taken::Mismatch { .. })).count(), 5);
        assert_eq!(guesses.iter().filter(|g| **g == Taken::Unavailable).count(), 195);
        let late = w!(f.db, |tx| codes::take_if_matches(tx, "p", "s", "reset", b"mac", NOW, 5).await);
        assert_eq!(late, Ok(Taken::Unavailable));
    }
}

both! {
    async fn codes_are_deleted_by_purpose_user_destination_and_age(f: Fixture) {
        seed(&f.db, &["s", "t"]).await;
        w!(f.db, |tx| {
            for purpose in ["1", "2", "3"] {
                codes::put(tx, &code("p", "s", purpose, b"m")).await?;
                codes::put(tx, &codes::CodeRow { destination: "+1".into(), ..code("p", "t", purpose, b"m") }).await?;
            }
            assert!(codes::delete(tx, "p", "s", "1").await?);
            assert!(!codes::delete(tx, "p", "s", "1").await?);
            assert_eq!(codes::delete_of_user(tx, "p", "s").await?, 2);
            assert_eq!(codes::delete_for_destination(tx, "p", "t", "+2").await?, 0);
            assert_eq!(codes::purge(tx, NOW + HOUR - 1, 2).await?, 0);
            assert_eq!(codes::purge(tx, NOW + HOUR, 2).await?, 2);
            assert_eq!(codes::delete_for_destination(tx, "p", "t", "+1").await?, 1);
            Ok(())
        }).unwrap();
    }
}

const BACKOFF: Backoff = Backoff { free: 5, base_ms: 1000, cap_ms: 900_000, reset_after_ms: 24 * HOUR };

both! {
    async fn sec_076_of_200_parallel_guesses_only_the_free_ones_are_evaluated(f: Fixture) {
        let leave = race(f, 200, |db, _| async move {
            w!(db, |tx| attempts::reserve(tx, "p", "alice", "password", NOW, &BACKOFF).await).unwrap()
        }).await;
        let mut granted: Vec<i64> = leave.into_iter().flatten().collect();
        granted.sort_unstable();
        assert_eq!(granted, [1, 2, 3, 4, 5]);
        let row = r!(f.db, |tx| attempts::get(tx, "p", "alice", "password").await).unwrap();
        assert_eq!((row.count, row.locked_until), (5, NOW + 1000));
        // Other subjects and kinds are not held up (sec 78).
        assert_eq!(w!(f.db, |tx| attempts::reserve(tx, "p", "alice", "totp", NOW, &BACKOFF).await), Ok(Some(1)));
        assert_eq!(w!(f.db, |tx| attempts::reserve(tx, "p", "bob", "password", NOW, &BACKOFF).await), Ok(Some(1)));
    }
}

both! {
    async fn sec_075_the_wait_doubles_to_its_cap_and_ends_with_success_or_quiet(f: Fixture) {
        let guess = |now: i64| {
            let db = f.db.clone();
            async move { w!(db, |tx| attempts::reserve(tx, "p", "a", "password", now, &BACKOFF).await).unwrap() }
        };
        let mut now = NOW;
        for count in 1..=5 {
            assert_eq!(guess(now).await, Some(count));
        }
        for count in 6..=40_i64 {
            let wait = (1000_i64 << (count - 6).min(30)).min(900_000);
            assert_eq!(guess(now + wait - 1).await, None, "{count}");
            now += wait;
            assert_eq!(guess(now).await, Some(count));
        }
        // A longer lock stays, a shorter one does not shorten it.
        assert_eq!(w!(f.db, |tx| attempts::lock(tx, "p", "a", "password", now + 2_000_000).await), Ok(true));
        assert_eq!(w!(f.db, |tx| attempts::lock(tx, "p", "a", "password", now + 1).await), Ok(false));
        assert_eq!(guess(now + 1_999_999).await, None);
        assert_eq!(w!(f.db, |tx| attempts::give_back(tx, "p", "a", "password").await), Ok(true));
        assert_eq!(w!(f.db, |tx| attempts::give_back(tx, "p", "nobody", "password").await), Ok(false));
        assert_eq!(r!(f.db, |tx| attempts::get(tx, "p", "a", "password").await).unwrap().count, 39);
        // A success forgets.
        assert_eq!(w!(f.db, |tx| attempts::clear(tx, "p", "a", "password").await), Ok(true));
        assert_eq!(w!(f.db, |tx| attempts::clear(tx, "p", "a", "password").await), Ok(false));
        assert_eq!(r!(f.db, |tx| attempts::get(tx, "p", "a", "password").await), None);
        // So does a quiet day; a failure that asked nobody counts even while locked.
        for count in 1..=8 {
            assert_eq!(w!(f.db, |tx| attempts::register_failure(tx, "p", "a", "password", now, &BACKOFF).await), Ok(count));
        }
        assert_eq!(guess(now).await, None);
        assert_eq!(guess(now + 24 * HOUR).await, Some(1));
        let strict = Backoff { free: 1, ..BACKOFF };
        assert_eq!(w!(f.db, |tx| attempts::reserve(tx, "p", "s", "password", NOW, &strict).await), Ok(Some(1)));
        assert_eq!(w!(f.db, |tx| attempts::reserve(tx, "p", "s", "password", NOW, &strict).await), Ok(None));
        assert_eq!(w!(f.db, |tx| attempts::reserve(tx, "p", "s", "password", NOW + 1000, &strict).await), Ok(Some(2)));
    }
}

both! {
    async fn an_hourly_cap_holds_against_a_crowd_and_starts_again(f: Fixture) {
        let sent = race(f, 100, |db, _| async move {
            w!(db, |tx| attempts::reserve_in_window(tx, "p", "a", "sms", NOW, HOUR, 7).await).unwrap()
        }).await;
        assert_eq!(sent.iter().flatten().count(), 7);
        let once = |now: i64, at_most: i64| {
            let db = f.db.clone();
            async move { w!(db, |tx| attempts::reserve_in_window(tx, "p", "a", "sms", now, HOUR, at_most).await).unwrap() }
        };
        assert_eq!(once(NOW + HOUR - 1, 7).await, None);
        assert_eq!(once(NOW + HOUR, 7).await, Some(1));
        assert_eq!(once(NOW + HOUR, 7).await, Some(2));
        assert_eq!(once(NOW + HOUR, 0).await, None);
        assert_eq!(w!(f.db, |tx| attempts::purge(tx, NOW + HOUR, 10).await), Ok(0));
        assert_eq!(w!(f.db, |tx| attempts::purge(tx, NOW + HOUR + 1, 10).await), Ok(1));
    }
}

both! {
    async fn sec_084_a_challenge_is_taken_once(f: Fixture) {
        seed(&f.db, &["s"]).await;
        w!(f.db, |tx| {
            challenge_sessions::insert(tx, &challenge("p", b"one")).await?;
            challenge_sessions::insert(tx, &challenge("p", b"two")).await?;
            challenge_sessions::insert(tx, &challenge_sessions::ChallengeSessionRow { sub: None, ..challenge("p", b"three") }).await
        }).unwrap();
        let twice = w!(f.db, |tx| challenge_sessions::insert(tx, &challenge("p", b"one")).await);
        assert!(is_unique(twice, "challenge_sessions(hash)"));
        assert_eq!(r!(f.db, |tx| challenge_sessions::get(tx, b"one", NOW).await), Some(challenge("p", b"one")));
        assert_eq!(r!(f.db, |tx| challenge_sessions::get(tx, b"one", NOW + HOUR).await), None);
        assert_eq!(w!(f.db, |tx| challenge_sessions::take(tx, b"one", NOW + HOUR).await), Ok(None), "expired");
        let takers = race(f, 200, |db, _| async move {
            w!(db, |tx| challenge_sessions::take(tx, b"one", NOW).await).unwrap()
        }).await;
        assert_eq!(takers.into_iter().flatten().collect::<Vec<_>>(), [challenge("p", b"one")]);
        assert_eq!(w!(f.db, |tx| challenge_sessions::delete_of_user(tx, "p", "s").await), Ok(1));
        assert_eq!(w!(f.db, |tx| challenge_sessions::purge(tx, NOW + HOUR - 1, 9).await), Ok(0));
        assert_eq!(w!(f.db, |tx| challenge_sessions::purge(tx, NOW + HOUR, 9).await), Ok(1));
    }
}

both! {
    async fn sec_154_an_authorization_code_is_redeemed_once(f: Fixture) {
        seed(&f.db, &["s"]).await;
        w!(f.db, |tx| {
            for hash in [b"one", b"two", b"six"] {
                authorization_codes::insert(tx, &authorization_code("p", hash)).await?;
            }
            Ok(())
        }).unwrap();
        assert_eq!(w!(f.db, |tx| authorization_codes::redeem(tx, b"one", NOW + HOUR).await), Ok(None), "expired");
        let redeemers = race(f, 200, |db, _| async move {
            w!(db, |tx| authorization_codes::redeem(tx, b"one", NOW + 3).await).unwrap()
        }).await;
        let redeemed = authorization_codes::AuthorizationCodeRow { redeemed_at: Some(NOW + 3), ..authorization_code("p", b"one") };
        assert_eq!(redeemers.into_iter().flatten().collect::<Vec<_>>(), std::slice::from_ref(&redeemed));
        assert_eq!(r!(f.db, |tx| authorization_codes::get(tx, b"one").await), Some(redeemed), "a replay is seen");
        assert_eq!(r!(f.db, |tx| authorization_codes::get(tx, b"none").await), None);
        assert_eq!(w!(f.db, |tx| authorization_codes::delete_of_user(tx, "p", "s").await), Ok(2), "the unused ones");
        assert_eq!(w!(f.db, |tx| authorization_codes::purge(tx, NOW, 9).await), Ok(0));
        assert_eq!(w!(f.db, |tx| authorization_codes::purge(tx, NOW + HOUR, 9).await), Ok(1));
    }
}

both! {
    async fn sec_154_a_refresh_token_is_rotated_once(f: Fixture) {
        seed(&f.db, &["s"]).await;
        w!(f.db, |tx| {
            refresh::insert_family(tx, &family("p", "j", "c", "s")).await?;
            refresh::insert_token(tx, &token("j", b"t1")).await
        }).unwrap();
        assert_eq!(r!(f.db, |tx| refresh::get(tx, b"t1").await), Some((token("j", b"t1"), family("p", "j", "c", "s"))));
        assert_eq!(r!(f.db, |tx| refresh::get(tx, b"none").await), None);
        assert_eq!(w!(f.db, |tx| refresh::rotate(tx, b"t1", NOW + HOUR, 0).await), Ok(None), "expired");
        let winners = race(f, 200, |db, number| async move {
            w!(db, |tx| {
                let Some(row) = refresh::rotate(tx, b"t1", NOW, NOW + 60).await? else { return Ok(None) };
                refresh::insert_token(tx, &token("j", format!("n{number}").as_bytes())).await?;
                Ok(Some(row))
            }).unwrap()
        }).await;
        let replaced = || refresh::TokenRow { replaced_at: Some(NOW), replaced_until: Some(NOW + 60), ..token("j", b"t1") };
        assert_eq!(winners.into_iter().flatten().collect::<Vec<_>>(), [replaced()]);
        // Without a grace there is no retry, not even for one whose time is a moment earlier.
        w!(f.db, |tx| refresh::insert_token(tx, &token("j", b"strict")).await).unwrap();
        let strict = w!(f.db, |tx| refresh::rotate(tx, b"strict", NOW, NOW).await).unwrap().unwrap();
        assert_eq!(w!(f.db, |tx| refresh::retry(tx, &strict, NOW - 5, NOW - 5).await), Ok(false), "no grace");
        // A retry within the grace period takes the place of what came of the first try; later it is a reuse.
        assert_eq!(w!(f.db, |tx| refresh::retry(tx, &token("j", b"new"), NOW, NOW + 60).await), Ok(false), "never replaced");
        assert_eq!(w!(f.db, |tx| refresh::retry(tx, &replaced(), NOW + 60, NOW + 120).await), Ok(false), "too late");
        assert_eq!(w!(f.db, |tx| refresh::retry(tx, &replaced(), NOW + 59, NOW + 119).await), Ok(true));
        w!(f.db, |tx| refresh::insert_token(tx, &token("j", b"again")).await).unwrap();
        let head = w!(f.db, |tx| {
            let mut heads = Vec::new();
            for number in 0..200 {
                let found = refresh::get(tx, format!("n{number}").as_bytes()).await?;
                heads.extend(found.map(|(row, _)| row.replaced_until));
            }
            Ok(heads)
        });
        assert_eq!(head, Ok(vec![Some(NOW + 119)]), "the first try's token");
        w!(f.db, |tx| {
            refresh::insert_token(tx, &token("j", b"t2")).await?;
            assert!(refresh::revoke_family(tx, "j", NOW + 1).await?);
            assert!(!refresh::revoke_family(tx, "j", NOW + 2).await?);
            assert_eq!(refresh::rotate(tx, b"t2", NOW, NOW).await?, None, "revoked");
            Ok(())
        }).unwrap();
        assert_eq!(r!(f.db, |tx| refresh::get_family(tx, "j").await).unwrap().revoked_at, Some(NOW + 1));
        assert_eq!(r!(f.db, |tx| refresh::get_family(tx, "none").await), None);
    }
}

both! {
    async fn a_token_stands_by_its_pool_client_and_family(f: Fixture) {
        seed(&f.db, &["s"]).await;
        w!(f.db, |tx| {
            refresh::insert_family(tx, &family("p", "j", "c", "s")).await?;
            refresh::insert_family(tx, &family("p", "k", "c", "s")).await?;
            refresh::revoke_family(tx, "k", NOW + 1).await
        }).unwrap();
        let stands = async |pool: &'static str, client: &'static str, family: &'static str| {
            let row = r!(f.db, |tx| sessions::standing(tx, pool, client, family).await)?;
            Some((row.pool_version, row.client_version, row.family, row.revoked_at))
        };
        let named = |name: &str| Some(name.to_owned());
        assert_eq!(stands("p", "c", "j").await, Some((1, Some(1), named("j"), None)));
        assert_eq!(stands("p", "c", "k").await, Some((1, Some(1), named("k"), Some(NOW + 1))));
        assert_eq!(stands("p", "none", "none").await, Some((1, None, None, None)));
        assert_eq!(stands("none", "c", "j").await, None);
    }
}

both! {
    async fn families_are_revoked_by_user_and_by_client(f: Fixture) {
        seed(&f.db, &["s", "t"]).await;
        w!(f.db, |tx| {
            for (jti, client, sub) in [("1", "c", "s"), ("2", "d", "s"), ("3", "c", "t"), ("4", "c", "t")] {
                refresh::insert_family(tx, &family("p", jti, client, sub)).await?;
                refresh::insert_token(tx, &token(jti, jti.as_bytes())).await?;
            }
            Ok(())
        }).unwrap();
        let alive = |rows: Vec<refresh::FamilyRow>| rows.into_iter().map(|row| row.origin_jti).collect::<String>();
        assert_eq!(alive(r!(f.db, |tx| refresh::families_of_user(tx, "p", "s", NOW).await)), "12");
        assert_eq!(alive(r!(f.db, |tx| refresh::families_of_user(tx, "p", "s", NOW + HOUR).await)), "", "expired");
        assert_eq!(w!(f.db, |tx| refresh::revoke_by_user(tx, "p", "s", NOW).await), Ok(2));
        assert_eq!(w!(f.db, |tx| refresh::revoke_by_user(tx, "p", "s", NOW).await), Ok(0));
        assert_eq!(alive(r!(f.db, |tx| refresh::families_of_user(tx, "p", "s", NOW).await)), "");
        assert_eq!(w!(f.db, |tx| refresh::revoke_by_client(tx, "c", NOW).await), Ok(2));
        assert_eq!(w!(f.db, |tx| refresh::purge_tokens(tx, NOW, 9).await), Ok(0));
        assert_eq!(w!(f.db, |tx| refresh::purge_tokens(tx, NOW + HOUR, 1).await), Ok(1));
        assert_eq!(w!(f.db, |tx| refresh::purge_families(tx, NOW, 9).await), Ok(0));
        assert_eq!(w!(f.db, |tx| refresh::purge_families(tx, NOW + HOUR, 9).await), Ok(4));
        assert_eq!(r!(f.db, |tx| refresh::get(tx, b"4").await), None, "its tokens went with it");
    }
}

both! {
    async fn sec_169_every_session_of_a_pool_ends_page_by_page(f: Fixture) {
        seed(&f.db, &["a", "b", "c"]).await;
        w!(f.db, |tx| {
            pools::insert(tx, &pool("q")).await?;
            users::insert(tx, &user("q", "b")).await?;
            for (pool, sub) in [("p", "a"), ("p", "b"), ("p", "c"), ("q", "b")] {
                let id = format!("{pool}{sub}");
                let hash = id.as_bytes();
                codes::put(tx, &code(pool, sub, "1", b"m")).await?;
                browser_sessions::insert(tx, &browser_session(pool, hash, sub)).await?;
                refresh::insert_family(tx, &family(pool, &id, "c", sub)).await?;
                let challenge = challenge_sessions::ChallengeSessionRow { sub: Some(sub.into()), ..challenge(pool, hash) };
                challenge_sessions::insert(tx, &challenge).await?;
                let code = authorization_codes::AuthorizationCodeRow { sub: sub.into(), ..authorization_code(pool, hash) };
                authorization_codes::insert(tx, &code).await?;
            }
            Ok(())
        }).unwrap();
        let left = async |user: &'static str| {
            let (pool, sub) = user.split_at(1);
            let mut reader = f.db.reader().await.unwrap();
            let tx: &mut poolhouse_store::Tx = &mut reader;
            [
                codes::get(tx, pool, sub, "1").await.unwrap().is_some(),
                browser_sessions::find(tx, user.as_bytes(), NOW).await.unwrap().is_some(),
                refresh::get_family(tx, user).await.unwrap().unwrap().revoked_at.is_none(),
                challenge_sessions::get(tx, user.as_bytes(), NOW).await.unwrap().is_some(),
                authorization_codes::get(tx, user.as_bytes()).await.unwrap().is_some(),
                users::get(tx, pool, sub).await.unwrap().unwrap().signed_out_at == 0,
            ]
        };
        assert_eq!(w!(f.db, |tx| sessions::end_page(tx, "p", "", 2, NOW + 5).await), Ok(Some(("b".to_owned(), 2))));
        for (user, alive) in [("pa", false), ("pb", false), ("pc", true), ("qb", true)] {
            assert_eq!(left(user).await, [alive; 6], "{user}");
        }
        assert_eq!(w!(f.db, |tx| sessions::end_page(tx, "p", "b", 2, NOW + 5).await), Ok(Some(("c".to_owned(), 1))));
        assert_eq!(w!(f.db, |tx| sessions::end_page(tx, "p", "c", 2, NOW + 5).await), Ok(None));
        assert_eq!((left("pc").await, left("qb").await), ([false; 6], [true; 6]));
        assert_eq!(r!(f.db, |tx| users::get(tx, "p", "a").await).unwrap().signed_out_at, NOW + 5);
    }
}

both! {
    async fn browser_sessions_live_in_their_pool_only(f: Fixture) {
        seed(&f.db, &["s"]).await;
        w!(f.db, |tx| {
            pools::insert(tx, &pool("q")).await?;
            for (hash, sub) in [(b"1", "s"), (b"2", "s"), (b"3", "t"), (b"4", "s")] {
                browser_sessions::insert(tx, &browser_session("p", hash, sub)).await?;
            }
            Ok(())
        }).unwrap();
        assert_eq!(r!(f.db, |tx| browser_sessions::get(tx, "p", b"1", NOW).await), Some(browser_session("p", b"1", "s")));
        assert_eq!(r!(f.db, |tx| browser_sessions::get(tx, "q", b"1", NOW).await), None);
        assert_eq!(r!(f.db, |tx| browser_sessions::get(tx, "p", b"1", NOW + HOUR).await), None);
        assert_eq!(r!(f.db, |tx| browser_sessions::find(tx, b"1", NOW).await), Some(browser_session("p", b"1", "s")));
        assert_eq!(r!(f.db, |tx| browser_sessions::find(tx, b"1", NOW + HOUR).await), None);
        assert_eq!(w!(f.db, |tx| browser_sessions::end(tx, b"1").await), Ok(true));
        assert_eq!(w!(f.db, |tx| browser_sessions::end(tx, b"1").await), Ok(false));
        assert_eq!(w!(f.db, |tx| browser_sessions::delete_of_user(tx, "p", "s").await), Ok(2));
        assert_eq!(w!(f.db, |tx| browser_sessions::purge(tx, NOW + HOUR - 1, 9).await), Ok(0));
        assert_eq!(w!(f.db, |tx| browser_sessions::purge(tx, NOW + HOUR, 9).await), Ok(1));
    }
}
