//! Many at once: a code is redeemed once, over two instances on one store.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::json;

use super::tools::{ADA, code, granted, redeem, refresh, signed_in, text, tokens};
use crate::both;
use crate::harness::House;

const ROUNDS: usize = 20;
const PARALLEL: usize = 200;

both! {
    async fn sec_007_of_two_hundred_redemptions_one_succeeds(house: House) {
        let node = house.second_node().await;
        let second = node.as_ref().unwrap_or(&house);
        let app = house.oauth_app(json!({})).await;
        house.user(&app.pool, ADA).await;
        let mut browser = signed_in(&house, &app, ADA).await;
        for round in 0..ROUNDS {
            let code = code(&mut browser, &app, &[]).await;
            let calls = (0..PARALLEL).map(|n| redeem(if n % 2 == 0 { &house } else { second }, &app, &code, &[]));
            let mut answers: BTreeMap<(u16, String), usize> = BTreeMap::new();
            let mut winner = None;
            for reply in join_all(calls).await {
                let document = reply.json();
                let error = document["error"].as_str().unwrap_or_default().to_owned();
                *answers.entry((reply.status.as_u16(), error)).or_default() += 1;
                if reply.status.is_success() {
                    winner = Some(document);
                }
            }
            assert_eq!(answers.remove(&(200, String::new())), Some(1), "round {round}: {answers:?}");
            assert_eq!(answers, BTreeMap::from([((400, "invalid_grant".to_owned()), PARALLEL - 1)]), "round {round}");
            // The others are replays: what the one got is revoked, on both instances.
            let winner = winner.unwrap();
            assert!(!refresh(second, &app, text(&winner, "refresh_token"), &[]).await.status.is_success(), "round {round}");
        }
    }

    async fn sec_021_of_parallel_rotations_without_grace_one_succeeds(house: House) {
        let node = house.second_node().await;
        let second = node.as_ref().unwrap_or(&house);
        let app = house.oauth_app(json!({ "RefreshTokenRotation": { "Feature": "ENABLED", "RetryGracePeriodSeconds": 0 }, "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"] })).await;
        house.user(&app.pool, ADA).await;
        for round in 0..5 {
            let tokens = tokens(&house, &app, ADA, &[]).await;
            let token = text(&tokens, "refresh_token");
            let calls = (0..20).map(|n| refresh(if n % 2 == 0 { &house } else { second }, &app, token, &[]));
            let replies = join_all(calls).await;
            let won: Vec<_> = replies.iter().filter(|reply| reply.status.is_success()).collect();
            assert_eq!(won.len(), 1, "round {round}");
            assert!(replies.iter().all(|reply| reply.status.is_success() || reply.json()["error"] == "invalid_grant"), "round {round}");
            let heir = won[0].json();
            assert!(!refresh(&house, &app, text(&heir, "refresh_token"), &[]).await.status.is_success(), "somebody has a copy");
        }
    }

    async fn sec_021_parallel_retries_within_the_grace_leave_one_live_token(house: House) {
        let node = house.second_node().await;
        let second = node.as_ref().unwrap_or(&house);
        let app = house.oauth_app(json!({ "RefreshTokenRotation": { "Feature": "ENABLED", "RetryGracePeriodSeconds": 60 }, "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"] })).await;
        house.user(&app.pool, ADA).await;
        let tokens = tokens(&house, &app, ADA, &[]).await;
        let token = text(&tokens, "refresh_token");
        let calls = (0..8).map(|n| refresh(if n % 2 == 0 { &house } else { second }, &app, token, &[]));
        let heirs: Vec<String> = join_all(calls).await.iter().map(|reply| text(&granted(reply), "refresh_token").to_owned()).collect();
        house.clock.advance_ms(61_000);
        let mut live = Vec::new();
        for heir in &heirs {
            let hash = poolhouse_engine::tokens::hash(heir);
            let mut reader = house.engine.store.reader().await.unwrap();
            let (row, _) = poolhouse_store::tables::refresh::get(&mut reader, &hash).await.unwrap().unwrap();
            live.extend(row.replaced_at.is_none().then_some(heir));
        }
        assert_eq!(live.len(), 1, "one head");
        let next = granted(&refresh(second, &app, live[0], &[]).await);
        let dead = heirs.iter().find(|heir| *heir != live[0]).unwrap();
        assert!(!refresh(&house, &app, dead, &[]).await.status.is_success());
        assert!(!refresh(&house, &app, text(&next, "refresh_token"), &[]).await.status.is_success(), "the session is over");
    }
}
