//! Tables of configuration: meta, pools, clients, domains, resource servers, signing keys, access keys, messages.

use poolhouse_store::Error;
use poolhouse_store::tables::{
    access_keys, clients, domains, messages, meta, nodes, pools, resource_servers, signing_keys, users,
};

use crate::rows::*;
use crate::support::{both, is_unique, r, race, w};

both! {
    async fn meta_keeps_the_first_value_of_a_race(f: Fixture) {
        let results = race(f, 20, |db, number| async move {
            w!(db, |tx| meta::insert_if_absent(tx, "canary", &number.to_string()).await)
        }).await;
        assert_eq!(results.iter().filter(|r| **r == Ok(true)).count(), 1);
        assert_eq!(results.iter().filter(|r| **r == Ok(false)).count(), 19);
        w!(f.db, |tx| {
            meta::put(tx, "k", "1").await?;
            meta::put(tx, "k", "2").await?;
            assert!(!meta::replace(tx, "k", "1", "3").await?);
            assert!(meta::replace(tx, "k", "2", "3").await?);
            assert!(!meta::replace(tx, "none", "", "3").await?);
            Ok(())
        }).unwrap();
        assert_eq!(r!(f.db, |tx| meta::get(tx, "k").await).as_deref(), Some("3"));
        assert_eq!(r!(f.db, |tx| meta::get(tx, "none").await), None);
    }
}

both! {
    async fn pools_live_and_page(f: Fixture) {
        w!(f.db, |tx| {
            for id in ["p3", "p1", "p2", "P9"] {
                pools::insert(tx, &pool(id)).await?;
            }
            pools::insert(tx, &pools::PoolRow { region: "us-east-1".into(), ..pool("p0") }).await
        }).unwrap();
        assert!(is_unique(w!(f.db, |tx| pools::insert(tx, &pool("p1")).await), "pools(id)"));
        assert_eq!(r!(f.db, |tx| pools::get(tx, "p1").await), Some(pool("p1")));
        assert_eq!(r!(f.db, |tx| pools::get(tx, "none").await), None);
        assert_eq!(r!(f.db, |tx| pools::version(tx, "p1").await), Some(1));
        assert_eq!(r!(f.db, |tx| pools::version(tx, "none").await), None);
        let ids = |rows: Vec<pools::PoolRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
        // Bytewise order on both: capitals first.
        assert_eq!(ids(r!(f.db, |tx| pools::list(tx, "eu-west-1", "", 2).await)), ["P9", "p1"]);
        assert_eq!(ids(r!(f.db, |tx| pools::list(tx, "eu-west-1", "p1", 9).await)), ["p2", "p3"]);
        assert_eq!(ids(r!(f.db, |tx| pools::list_all(tx, "P9", 2).await)), ["p0", "p1"]);

        let changed = pools::PoolRow { name: "New".into(), document: "{\"a\":1}".into(), modified_at: NOW + 1, ..pool("p1") };
        let row = changed.clone();
        assert_eq!(w!(f.db, |tx| pools::update(tx, &row).await), Ok(true));
        assert_eq!(r!(f.db, |tx| pools::get(tx, "p1").await), Some(pools::PoolRow { version: 2, ..changed.clone() }));
        assert_eq!(w!(f.db, |tx| pools::update(tx, &changed).await), Ok(false), "a stale version");
        assert_eq!(w!(f.db, |tx| pools::rewrap_key(tx, "p1", &[0, 159, 255], &[5]).await), Ok(true));
        assert_eq!(w!(f.db, |tx| pools::rewrap_key(tx, "p1", &[0, 159, 255], &[6]).await), Ok(false));
        assert_eq!(r!(f.db, |tx| pools::get(tx, "p1").await).unwrap().wrapped_key, [5]);
        assert_eq!(w!(f.db, |tx| pools::delete(tx, "p1").await), Ok(true));
        assert_eq!(w!(f.db, |tx| pools::delete(tx, "p1").await), Ok(false));
    }
}

both! {
    async fn one_of_many_updates_of_a_version_wins(f: Fixture) {
        seed(&f.db, &["s"]).await;
        let results = race(f, 60, |db, number| async move {
            w!(db, |tx| {
                let mut row = users::get(tx, "p", "s").await?.unwrap();
                row.version = 1;
                row.attributes = format!("{{\"n\":{number}}}");
                Ok((pools::update(tx, &pool("p")).await?, users::update(tx, &row).await?))
            })
        }).await;
        assert_eq!(results.iter().filter(|r| **r == Ok((true, true))).count(), 1, "{results:?}");
        assert_eq!(results.iter().filter(|r| **r == Ok((false, false))).count(), 59);
        assert_eq!(r!(f.db, |tx| users::get(tx, "p", "s").await).unwrap().version, 2);
    }
}

both! {
    async fn deleting_a_pool_takes_everything_but_a_domain_forbids_it(f: Fixture) {
        seed(&f.db, &["s"]).await;
        w!(f.db, |tx| domains::insert(tx, &domain("eu-west-1", "login", "p", "prefix")).await).unwrap();
        assert_eq!(w!(f.db, |tx| pools::delete(tx, "p").await), Err(Error::Reference));
        w!(f.db, |tx| {
            assert!(domains::delete(tx, "p", "eu-west-1", "login").await?);
            pools::delete(tx, "p").await
        }).unwrap();
        assert_eq!(r!(f.db, |tx| clients::get(tx, "c").await), None);
        assert_eq!(r!(f.db, |tx| users::get(tx, "p", "s").await), None);
    }
}

both! {
    async fn clients_live_and_page(f: Fixture) {
        seed(&f.db, &[]).await;
        w!(f.db, |tx| {
            pools::insert(tx, &pool("other")).await?;
            clients::insert(tx, &client("other", "a")).await?;
            clients::insert(tx, &client("p", "d")).await
        }).unwrap();
        assert!(is_unique(w!(f.db, |tx| clients::insert(tx, &client("other", "c")).await), "clients(id)"));
        assert_eq!(w!(f.db, |tx| clients::insert(tx, &client("none", "e")).await), Err(Error::Reference));
        assert_eq!(r!(f.db, |tx| clients::list(tx, "p", "", 1).await), [client("p", "c")]);
        assert_eq!(r!(f.db, |tx| clients::list(tx, "p", "c", 9).await), [client("p", "d")]);
        assert_eq!(r!(f.db, |tx| clients::version(tx, "c").await), Some(1));
        assert_eq!(r!(f.db, |tx| clients::version(tx, "none").await), None);
        assert_eq!(w!(f.db, |tx| clients::update(tx, &client("other", "c")).await), Ok(false), "another pool's client");
        assert_eq!(w!(f.db, |tx| clients::update(tx, &client("p", "c")).await), Ok(true));
        assert_eq!(w!(f.db, |tx| clients::update(tx, &client("p", "c")).await), Ok(false), "a stale version");
        assert_eq!(r!(f.db, |tx| clients::get(tx, "c").await).unwrap().version, 2);
        assert_eq!(r!(f.db, |tx| clients::versions(tx, "c").await), Some((2, 1)));
        assert_eq!(r!(f.db, |tx| clients::versions(tx, "none").await), None);
        assert_eq!(r!(f.db, |tx| clients::pool_of(tx, "c").await).as_deref(), Some("p"));
        assert_eq!(r!(f.db, |tx| clients::pool_of(tx, "none").await), None);
        assert_eq!(w!(f.db, |tx| clients::delete(tx, "other", "c").await), Ok(false));
        assert_eq!(w!(f.db, |tx| clients::delete(tx, "p", "c").await), Ok(true));
        assert_eq!(r!(f.db, |tx| clients::get(tx, "c").await), None);
    }
}

both! {
    async fn a_client_has_one_or_two_secrets_however_many_ask_at_once(f: Fixture) {
        seed(&f.db, &[]).await;
        assert_eq!(w!(f.db, |tx| clients::insert_secret(tx, &secret("none", "x"), 2).await), Ok(false));
        let added = race(f, 40, |db, number| async move {
            w!(db, |tx| clients::insert_secret(tx, &secret("c", &format!("{number:02}")), 2).await)
        }).await;
        assert_eq!(added.iter().filter(|r| **r == Ok(true)).count(), 2, "{added:?}");
        let secrets = r!(f.db, |tx| clients::list_secrets(tx, "c").await);
        assert_eq!(secrets.len(), 2);
        assert_eq!(secrets[0].sealed, secrets[0].id.as_bytes());
        // On PostgreSQL the rivals' transactions overlap for certain: each stays open after its statement. (A SQLite body
        // cannot wait, and has no rival.)
        let pause = if f.is_sqlite { None } else { Some(std::time::Duration::from_millis(100)) };
        for round in 0..3 {
            let ids: Vec<String> = r!(f.db, |tx| clients::list_secrets(tx, "c").await).into_iter().map(|s| s.id).collect();
            let deleted = race(f, 2, |db, number| {
                let id = ids[number].clone();
                async move {
                    w!(db, |tx| {
                        let done = clients::delete_secret(tx, "c", &id).await?;
                        if let Some(pause) = pause { tokio::time::sleep(pause).await }
                        Ok(done)
                    })
                }
            }).await;
            assert_eq!(deleted.iter().filter(|r| **r == Ok(true)).count(), 1, "{deleted:?}");
            assert_eq!(r!(f.db, |tx| clients::list_secrets(tx, "c").await).len(), 1);
            let added = race(f, 3, |db, number| {
                let row = secret("c", &format!("{round}-{number}"));
                async move {
                    w!(db, |tx| {
                        let done = clients::insert_secret(tx, &row, 2).await?;
                        if let Some(pause) = pause { tokio::time::sleep(pause).await }
                        Ok(done)
                    })
                }
            }).await;
            assert_eq!(added.iter().filter(|r| **r == Ok(true)).count(), 1, "{added:?}");
        }
        assert_eq!(w!(f.db, |tx| clients::delete_secret(tx, "c", "none").await), Ok(false));
        assert_eq!(w!(f.db, |tx| clients::delete_secret(tx, "none", "x").await), Ok(false));
    }
}

both! {
    async fn domains_are_found_by_host_and_taken_once(f: Fixture) {
        seed(&f.db, &[]).await;
        w!(f.db, |tx| {
            pools::insert(tx, &pool("q")).await?;
            domains::insert(tx, &domain("eu-west-1", "login", "p", "prefix")).await?;
            domains::insert(tx, &domain("", "id.example.com", "p", "custom")).await?;
            domains::insert(tx, &domain("us-east-1", "login", "q", "prefix")).await
        }).unwrap();
        let taken = w!(f.db, |tx| domains::insert(tx, &domain("", "id.example.com", "q", "custom")).await);
        assert!(is_unique(taken, "domains(region, domain)"));
        let second = w!(f.db, |tx| domains::insert(tx, &domain("eu-west-1", "more", "p", "prefix")).await);
        assert!(is_unique(second, "domains(pool_id, kind)"));
        assert_eq!(r!(f.db, |tx| domains::get(tx, "eu-west-1", "login").await).unwrap().pool_id, "p");
        assert_eq!(r!(f.db, |tx| domains::get(tx, "us-east-1", "login").await).unwrap().pool_id, "q");
        assert_eq!(r!(f.db, |tx| domains::get(tx, "", "login").await), None);
        let regions = |rows: Vec<domains::DomainRow>| rows.into_iter().map(|row| row.region).collect::<Vec<_>>();
        assert_eq!(regions(r!(f.db, |tx| domains::of_prefix(tx, "login").await)), ["eu-west-1", "us-east-1"]);
        assert!(r!(f.db, |tx| domains::of_prefix(tx, "id.example.com").await).is_empty());
        let kinds: Vec<_> = r!(f.db, |tx| domains::of_pool(tx, "p").await).into_iter().map(|d| d.kind).collect();
        assert_eq!(kinds, ["custom", "prefix"]);
        let changed = domains::DomainRow { document: "[]".into(), ..domain("eu-west-1", "login", "p", "prefix") };
        let stale = changed.clone();
        assert_eq!(w!(f.db, |tx| domains::update(tx, &changed).await), Ok(true));
        assert_eq!(w!(f.db, |tx| domains::update(tx, &stale).await), Ok(false));
        let now = r!(f.db, |tx| domains::get(tx, "eu-west-1", "login").await).unwrap();
        assert_eq!((now.document.as_str(), now.version), ("[]", 2));
        assert_eq!(w!(f.db, |tx| domains::delete(tx, "q", "eu-west-1", "login").await), Ok(false), "another pool's");
        assert_eq!(w!(f.db, |tx| domains::delete(tx, "p", "eu-west-1", "login").await), Ok(true));
    }
}

both! {
    async fn resource_servers_live_and_page(f: Fixture) {
        seed(&f.db, &[]).await;
        w!(f.db, |tx| {
            resource_servers::insert(tx, &resource_server("p", "b")).await?;
            resource_servers::insert(tx, &resource_server("p", "a")).await
        }).unwrap();
        let twice = w!(f.db, |tx| resource_servers::insert(tx, &resource_server("p", "a")).await);
        assert!(is_unique(twice, "resource_servers(pool_id, identifier)"));
        assert_eq!(r!(f.db, |tx| resource_servers::list(tx, "p", "", 1).await), [resource_server("p", "a")]);
        assert_eq!(r!(f.db, |tx| resource_servers::list(tx, "p", "a", 5).await), [resource_server("p", "b")]);
        let changed = resource_servers::ResourceServerRow { scopes: "[1]".into(), ..resource_server("p", "a") };
        assert_eq!(w!(f.db, |tx| resource_servers::update(tx, &changed).await), Ok(true));
        assert_eq!(w!(f.db, |tx| resource_servers::update(tx, &resource_server("p", "z")).await), Ok(false));
        assert_eq!(r!(f.db, |tx| resource_servers::get(tx, "p", "a").await).unwrap().scopes, "[1]");
        assert_eq!(r!(f.db, |tx| resource_servers::get(tx, "q", "a").await), None);
        assert_eq!(w!(f.db, |tx| resource_servers::delete(tx, "p", "a").await), Ok(true));
        assert_eq!(w!(f.db, |tx| resource_servers::delete(tx, "p", "a").await), Ok(false));
    }
}

both! {
    async fn sec_168_a_pool_has_one_active_key_for_each_purpose(f: Fixture) {
        seed(&f.db, &[]).await;
        let made = race(f, 20, |db, number| async move {
            w!(db, |tx| signing_keys::insert(tx, &key("p", &format!("k{number:02}"), "id", "active")).await)
        }).await;
        assert_eq!(made.iter().filter(|r| r.is_ok()).count(), 1);
        let lost = made.into_iter().filter(|r| r.is_err()).all(|r| is_unique(r, "signing_keys(pool_id, purpose, state)"));
        assert!(lost);
        let first = r!(f.db, |tx| signing_keys::of_pool(tx, "p").await).remove(0);
        w!(f.db, |tx| {
            signing_keys::insert(tx, &key("p", "next", "id", "next")).await?;
            signing_keys::insert(tx, &key("p", "acc", "access", "active")).await
        }).unwrap();
        let turned = race(f, 10, |db, _| {
            let kid = first.kid.clone();
            async move {
                w!(db, |tx| {
                    if !signing_keys::retire(tx, &kid, NOW + 5).await? {
                        return Ok(false);
                    }
                    assert!(signing_keys::promote(tx, "next", NOW + 1).await?);
                    assert!(pools::raise_version(tx, "p").await?);
                    Ok(true)
                })
            }
        }).await;
        assert_eq!(turned.iter().filter(|r| **r == Ok(true)).count(), 1);
        let states: Vec<_> = r!(f.db, |tx| signing_keys::of_pool(tx, "p").await).into_iter().map(|k| (k.purpose, k.state)).collect();
        assert_eq!(states.iter().filter(|(p, s)| p == "id" && s == "active").count(), 1);
        assert_eq!(states.len(), 3);
        let promoted = r!(f.db, |tx| signing_keys::get(tx, "next").await).unwrap();
        assert_eq!((promoted.state.as_str(), promoted.activate_at), ("active", NOW + 1));
        assert_eq!(r!(f.db, |tx| pools::version(tx, "p").await), Some(2));
        assert_eq!(w!(f.db, |tx| pools::raise_version(tx, "none").await), Ok(false));
        assert_eq!(r!(f.db, |tx| signing_keys::get(tx, "none").await), None);
        assert_eq!(w!(f.db, |tx| signing_keys::purge(tx, NOW + 4, 10).await), Ok(vec![]));
        assert_eq!(w!(f.db, |tx| signing_keys::purge(tx, NOW + 5, 10).await), Ok(vec!["p".to_owned()]));
    }
}

both! {
    async fn signing_keys_fall_due_and_age(f: Fixture) {
        seed(&f.db, &[]).await;
        w!(f.db, |tx| {
            pools::insert(tx, &pool("q")).await?;
            for pool in ["p", "q"] {
                signing_keys::insert(tx, &key(pool, &format!("{pool}-id"), "id", "active")).await?;
                signing_keys::insert(tx, &key(pool, &format!("{pool}-access"), "access", "active")).await?;
            }
            for purpose in ["id", "access"] {
                let next = key("p", &format!("next-{purpose}"), purpose, "next");
                signing_keys::insert(tx, &signing_keys::SigningKeyRow { activate_at: NOW + 10, ..next }).await?;
            }
            Ok(())
        }).unwrap();
        assert_eq!(r!(f.db, |tx| signing_keys::due(tx, NOW + 9, 5).await), Vec::<String>::new());
        assert_eq!(r!(f.db, |tx| signing_keys::due(tx, NOW + 10, 5).await), ["p"]);
        // One whose rotation is under way is not old.
        assert_eq!(r!(f.db, |tx| signing_keys::aged(tx, NOW - 1, 5).await), Vec::<String>::new());
        assert_eq!(r!(f.db, |tx| signing_keys::aged(tx, NOW, 5).await), ["q"]);
        let both_active = w!(f.db, |tx| signing_keys::promote(tx, "next-id", NOW).await);
        assert!(is_unique(both_active, "signing_keys(pool_id, purpose, state)"));
        assert_eq!(w!(f.db, |tx| signing_keys::retire(tx, "next-id", NOW).await), Ok(false));
        assert_eq!(w!(f.db, |tx| signing_keys::delete(tx, "next-id", "active").await), Ok(false), "another state");
        for purpose in ["id", "access"] {
            assert_eq!(w!(f.db, |tx| signing_keys::delete(tx, &format!("next-{purpose}"), "next").await), Ok(true));
        }
        assert_eq!(r!(f.db, |tx| signing_keys::aged(tx, NOW, 1).await).len(), 1);
    }
}

both! {
    async fn nodes_say_what_they_hold_and_are_forgotten(f: Fixture) {
        let node = |id: &str, ring: &str, seen_at| nodes::NodeRow { id: id.into(), ring: ring.into(), seen_at };
        let (first, again, other) = (node("a", "k1", NOW), node("a", "k2 k1", NOW + 5), node("b", "k1", NOW + 1));
        w!(f.db, |tx| {
            nodes::put(tx, &first).await?;
            nodes::put(tx, &again).await?;
            nodes::put(tx, &other).await
        }).unwrap();
        assert_eq!(r!(f.db, |tx| nodes::seen(tx, NOW + 1).await), [node("a", "k2 k1", NOW + 5), node("b", "k1", NOW + 1)]);
        assert_eq!(r!(f.db, |tx| nodes::seen(tx, NOW + 2).await).len(), 1);
        assert_eq!(w!(f.db, |tx| nodes::purge(tx, NOW + 2).await), Ok(1));
        assert_eq!(w!(f.db, |tx| nodes::delete(tx, "a").await), Ok(true));
        assert_eq!(w!(f.db, |tx| nodes::delete(tx, "a").await), Ok(false));
    }
}

both! {
    async fn access_keys_live_and_page(f: Fixture) {
        w!(f.db, |tx| {
            access_keys::insert(tx, &access_key("AK1")).await?;
            access_keys::insert(tx, &access_key("AK2")).await
        }).unwrap();
        assert!(is_unique(w!(f.db, |tx| access_keys::insert(tx, &access_key("AK1")).await), "access_keys(id)"));
        assert_eq!(w!(f.db, |tx| access_keys::touch(tx, "AK1", NOW, 60_000).await), Ok(true));
        assert_eq!(w!(f.db, |tx| access_keys::touch(tx, "AK1", NOW + 59_999, 60_000).await), Ok(false));
        assert_eq!(w!(f.db, |tx| access_keys::touch(tx, "AK1", NOW + 60_000, 60_000).await), Ok(true));
        assert_eq!(r!(f.db, |tx| access_keys::get(tx, "AK1").await).unwrap().last_used_at, Some(NOW + 60_000));
        assert_eq!(r!(f.db, |tx| access_keys::list(tx, "AK1", 5).await), [access_key("AK2")]);
        assert_eq!(w!(f.db, |tx| access_keys::rewrap(tx, "AK1", &access_key("AK1").sealed, &[5]).await), Ok(true));
        assert_eq!(w!(f.db, |tx| access_keys::rewrap(tx, "AK1", &access_key("AK1").sealed, &[6]).await), Ok(false));
        assert_eq!(r!(f.db, |tx| access_keys::get(tx, "AK1").await).unwrap().sealed, [5]);
        assert_eq!(w!(f.db, |tx| access_keys::delete(tx, "AK1").await), Ok(true));
        assert_eq!(w!(f.db, |tx| access_keys::delete(tx, "AK1").await), Ok(false));
        assert_eq!(r!(f.db, |tx| access_keys::get(tx, "AK1").await), None);
    }
}

both! {
    async fn messages_are_listed_newest_first_and_kept_few(f: Fixture) {
        w!(f.db, |tx| {
            for (id, address) in [("1", "a"), ("2", "b"), ("3", "a"), ("4", "b"), ("5", "a")] {
                messages::insert(tx, &message(id, address)).await?;
            }
            Ok(())
        }).unwrap();
        let ids = |rows: Vec<messages::MessageRow>| rows.into_iter().map(|row| row.id).collect::<String>();
        assert_eq!(ids(r!(f.db, |tx| messages::list(tx, None, 3).await)), "543");
        assert_eq!(ids(r!(f.db, |tx| messages::list(tx, Some("3"), 3).await)), "21");
        assert_eq!(ids(r!(f.db, |tx| messages::list_for(tx, "a", None, 2).await)), "53");
        assert_eq!(ids(r!(f.db, |tx| messages::list_for(tx, "a", Some("3"), 2).await)), "1");
        assert_eq!(r!(f.db, |tx| messages::latest_for(tx, "b").await), Some(message("4", "b")));
        assert_eq!(r!(f.db, |tx| messages::latest_for(tx, "c").await), None);
        assert_eq!(r!(f.db, |tx| messages::get(tx, "1").await), Some(message("1", "a")));
        assert_eq!(r!(f.db, |tx| messages::count(tx, None).await), 5);
        assert_eq!(r!(f.db, |tx| messages::count(tx, Some("b")).await), 2);
        assert_eq!(w!(f.db, |tx| messages::keep_newest(tx, 5).await), Ok(0));
        assert_eq!(w!(f.db, |tx| messages::keep_newest(tx, 2).await), Ok(3));
        assert_eq!(ids(r!(f.db, |tx| messages::list(tx, None, 9).await)), "54");
        assert_eq!(w!(f.db, |tx| messages::delete(tx, "4").await), Ok(true));
        assert_eq!(w!(f.db, |tx| messages::delete(tx, "4").await), Ok(false));
        assert_eq!(w!(f.db, |tx| messages::clear(tx).await), Ok(1));
        assert_eq!(r!(f.db, |tx| messages::get(tx, "5").await), None);
    }
}
