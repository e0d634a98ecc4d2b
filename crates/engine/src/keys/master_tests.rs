//! Tests of the master key ring.

use super::super::entropy::{OsEntropy, SeededEntropy};
use super::*;

const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const B64: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

fn ring() -> MasterKeys {
    MasterKeys::parse(&format!("# comment\n\na {HEX}\nb {B64} active\n")).unwrap()
}

#[test]
fn the_marked_key_is_active_else_the_first() {
    assert_eq!(ring().ids().collect::<Vec<_>>(), ["b", "a"]);
    let unmarked = MasterKeys::parse(&format!("a {HEX}\nb {B64}")).unwrap();
    assert_eq!(unmarked.active_id(), "a");
    let again = MasterKeys::parse(&ring().to_text()).unwrap();
    assert_eq!(again.ids().collect::<Vec<_>>(), ["b", "a"]);
    assert!(again.active.key.matches(ring().active.key.expose()));
}

#[test]
fn unusable_texts_are_refused_without_showing_the_key() {
    let zeros = "0".repeat(64);
    let long_id = "x".repeat(33);
    let table = [
        (String::new(), MasterKeyError::Empty),
        ("# only a comment\n".into(), MasterKeyError::Empty),
        (format!("a {HEX}\na {B64}"), MasterKeyError::DuplicateId("a".into())),
        (format!("a {HEX} active\nb {B64} active"), MasterKeyError::TwoActive),
        (format!("a {zeros}"), MasterKeyError::WeakKey("a".into())),
        (format!("a {HEX}\nb"), MasterKeyError::Line(2)),
        (format!("a {}", &HEX[1..]), MasterKeyError::Line(1)),
        (format!("a +{}", &HEX[1..]), MasterKeyError::Line(1)),
        (format!("a {HEX} primary"), MasterKeyError::Line(1)),
        (format!("a {HEX} active active"), MasterKeyError::Line(1)),
        (format!("{long_id} {HEX}"), MasterKeyError::Line(1)),
        (format!("a/b {HEX}"), MasterKeyError::Line(1)),
        ("a AAAA".into(), MasterKeyError::Line(1)),
    ];
    for (text, expected) in table {
        let error = MasterKeys::parse(&text).unwrap_err();
        assert_eq!(error, expected, "{text}");
        assert!(!error.to_string().contains(&HEX[..16]));
    }
}

#[test]
fn every_purpose_and_every_key_has_its_own_sub_key() {
    let ring = ring();
    let all = [Purpose::Pepper, Purpose::Wrapping];
    let mut seen = std::collections::HashSet::new();
    for purpose in all {
        for (_, key) in ring.sub_keys(purpose).unwrap() {
            assert!(seen.insert(*key.expose()), "{purpose:?}");
        }
    }
    assert_eq!(seen.len(), 4);
}

#[test]
fn a_pool_key_unwraps_for_its_pool_only() {
    let (ring, entropy) = (ring(), SeededEntropy::new(1));
    let key = PoolKey::generate(7, &entropy);
    let wrapped = ring.wrap_pool_key("pool-1", &key, &entropy).unwrap();
    let back = ring.unwrap_pool_key("pool-1", &wrapped).unwrap();
    assert_eq!(back.id(), 7);
    assert!(back.secret().matches(key.secret().expose()));
    assert_eq!(ring.unwrap_pool_key("pool-2", &wrapped).unwrap_err(), MasterKeyError::WrongKey);
    assert_eq!(wrapped_by(&wrapped), Some("b"));
    for at in 0..wrapped.len() {
        let mut altered = wrapped.clone();
        altered[at] ^= 1;
        assert!(ring.unwrap_pool_key("pool-1", &altered).is_err(), "byte {at}");
        assert!(ring.unwrap_pool_key("pool-1", &wrapped[..at]).is_err(), "cut to {at}");
    }
}

#[test]
fn sec_181_a_foreign_or_missing_key_fails_the_canary() {
    let (ring, entropy) = (ring(), SeededEntropy::new(1));
    let record = ring.canary(&entropy).unwrap();
    assert_eq!(ring.check_canary(&record), Ok(()));
    let missing = MasterKeys::parse(&format!("a {HEX}")).unwrap();
    assert_eq!(missing.check_canary(&record), Err(MasterKeyError::KeyMissing("b".into())));
    let same_id_other_key = MasterKeys::generate("b", &entropy).unwrap();
    assert_eq!(same_id_other_key.check_canary(&record), Err(MasterKeyError::WrongKey));
    assert_eq!(ring.check_canary(b""), Err(MasterKeyError::Malformed));
    // A wrapped pool key is not a canary.
    let wrapped = ring.wrap_pool_key("", &PoolKey::generate(1, &entropy), &entropy).unwrap();
    assert_eq!(ring.check_canary(&wrapped), Err(MasterKeyError::WrongKey));
}

#[test]
fn sec_182_after_rotation_old_things_open_and_new_ones_use_the_new_key() {
    let (old, entropy) = (ring(), SeededEntropy::new(1));
    let wrapped = old.wrap_pool_key("p", &PoolKey::generate(1, &entropy), &entropy).unwrap();
    let new = old.rotated("c", &entropy).unwrap();
    assert_eq!(new.ids().collect::<Vec<_>>(), ["c", "b", "a"]);
    let key = new.unwrap_pool_key("p", &wrapped).unwrap();
    assert_eq!(wrapped_by(&new.wrap_pool_key("p", &key, &entropy).unwrap()), Some("c"));
    assert_eq!(new.rotated("a", &entropy).unwrap_err(), MasterKeyError::DuplicateId("a".into()));
    assert_eq!(new.rotated("a b", &entropy).unwrap_err(), MasterKeyError::BadId);
    let before = key.fake_identity_key().unwrap();
    assert!(old.unwrap_pool_key("p", &wrapped).unwrap().fake_identity_key().unwrap().matches(before.expose()));
}

#[test]
fn sec_182_what_is_rewrapped_needs_the_old_key_no_more() {
    let (old, entropy) = (ring(), SeededEntropy::new(1));
    let new = old.rotated("c", &entropy).unwrap();
    let alone = new.without("a").unwrap().without("b").unwrap();
    for what in [Wrapped::PoolKey("p"), Wrapped::AccessKey("AKIA"), Wrapped::HouseKey, Wrapped::Canary] {
        let wrapped = old.wrap(what, b"value", &entropy).unwrap();
        assert_eq!(alone.unwrap(what, &wrapped).unwrap_err(), MasterKeyError::KeyMissing("b".into()));
        assert_eq!(alone.rewrap(what, &wrapped, &entropy).unwrap_err(), MasterKeyError::KeyMissing("b".into()));
        let again = new.rewrap(what, &wrapped, &entropy).unwrap().unwrap();
        assert!(alone.unwrap(what, &again).unwrap().matches(b"value"));
        assert!(old.unwrap(what, &again).is_err());
        assert_eq!(new.rewrap(what, &again, &entropy).unwrap(), None);
        // Re-wrapping never turns one thing into another.
        assert!(new.rewrap(Wrapped::PoolKey("q"), &wrapped, &entropy).is_err());
    }
}

#[test]
fn a_ring_changes_one_key_at_a_time() {
    let (ring, entropy) = (ring(), SeededEntropy::new(1));
    let standby = ring.with_standby("c", &entropy).unwrap();
    assert_eq!(standby.ids().collect::<Vec<_>>(), ["b", "c", "a"]);
    assert_eq!(standby.activated("c").unwrap().ids().collect::<Vec<_>>(), ["c", "b", "a"]);
    assert_eq!(standby.activated("d").unwrap_err(), MasterKeyError::Unknown("d".into()));
    assert_eq!(ring.without("b").unwrap_err(), MasterKeyError::Active("b".into()));
    assert_eq!(ring.without("d").unwrap_err(), MasterKeyError::Unknown("d".into()));
    assert_eq!(ring.without("a").unwrap().ids().collect::<Vec<_>>(), ["b"]);
}

#[test]
fn sec_186_debug_shows_no_key() {
    let shown = format!("{:?}", ring());
    assert!(shown.contains("redacted") && !shown.contains("[0, 1") && !shown.contains("0001"));
}

#[cfg(unix)]
mod on_disk {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use super::*;

    /// A directory that goes when the test ends.
    struct Scratch(PathBuf);

    impl Scratch {
        fn join(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn scratch() -> Scratch {
        let path = std::env::temp_dir().join(format!("poolhouse-master-{}", new_id(&OsEntropy)));
        std::fs::create_dir(&path).unwrap();
        Scratch(path)
    }

    #[test]
    fn sec_180_the_file_is_private_and_never_overwritten() {
        let directory = scratch();
        let path = directory.join("master.key");
        assert_eq!(MasterKeys::from_file(&path).unwrap_err(), MasterKeyError::NotFound);
        ring().to_file(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(MasterKeys::from_file(&path).unwrap().active_id(), "b");
        let other = MasterKeys::generate("z", &OsEntropy).unwrap();
        assert_eq!(other.to_file(&path).unwrap_err(), MasterKeyError::Exists);
        assert_eq!(MasterKeys::from_file(&path).unwrap().active_id(), "b");
    }

    #[test]
    fn sec_180_a_changed_file_is_whole_keeps_its_mode_and_is_changed_by_one() {
        let directory = scratch();
        let (path, link) = (directory.join("master.key"), directory.join("link"));
        ring().to_file(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let changed = MasterKeys::change_file(&link, |ring| ring.rotated("c", &OsEntropy)).unwrap();
        assert_eq!(changed.ids().collect::<Vec<_>>(), ["c", "b", "a"]);
        let read = MasterKeys::from_file(&path).unwrap();
        assert_eq!(read.to_text().as_str(), changed.to_text().as_str());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o400);
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());

        let refused = MasterKeys::change_file(&path, |ring| ring.without("c")).unwrap_err();
        assert_eq!(refused, MasterKeyError::Active("c".into()));
        let names = || std::fs::read_dir(&directory.0).unwrap().count();
        assert_eq!(names(), 2, "something is left behind");
        let within = MasterKeys::change_file(&path, |ring| {
            let second = MasterKeys::change_file(&path, |ring| ring.without("a")).unwrap_err();
            assert!(matches!(second, MasterKeyError::ChangeUnderWay(_)), "{second:?}");
            ring.without("b")
        });
        assert_eq!(within.unwrap().ids().collect::<Vec<_>>(), ["c", "a"]);
        assert_eq!(names(), 2);
        let missing = MasterKeys::change_file(&directory.join("none"), |ring| Ok(ring.clone())).unwrap_err();
        assert_eq!((missing, names()), (MasterKeyError::NotFound, 2));
    }

    #[test]
    fn sec_180_a_file_others_can_touch_is_refused() {
        let directory = scratch();
        let path = directory.join("master.key");
        ring().to_file(&path).unwrap();
        for (mode, file, credential) in [
            (0o400, true, true),
            (0o600, true, true),
            (0o440, false, true),
            (0o604, false, false),
            (0o620, false, false),
            (0o644, false, false),
        ] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(MasterKeys::from_file(&path).is_ok(), file, "{mode:o}");
            assert_eq!(MasterKeys::from_credential(&path).is_ok(), credential, "{mode:o}");
        }
        assert_eq!(MasterKeys::from_file(&path).unwrap_err(), MasterKeyError::Permissions(0o644));
    }

    #[test]
    fn sec_180_another_users_file_is_refused() {
        let ours = file::effective_uid();
        assert_eq!(file::check_owner(1_234, Some(99)), Err(MasterKeyError::Owner(1_234)));
        assert_eq!(file::check_owner(99, Some(99)), Ok(()));
        assert_eq!(file::check_owner(0, Some(99)), Ok(()));
        if cfg!(target_os = "linux") {
            let directory = scratch();
            let path = directory.join("mine");
            std::fs::write(&path, "x").unwrap();
            assert_eq!(Some(std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&path).unwrap())), ours);
        }
    }

    #[test]
    fn directories_and_huge_files_are_not_key_files() {
        let directory = scratch();
        assert!(MasterKeys::from_file(&directory.0).is_err());
        let path = directory.join("huge");
        std::fs::write(&path, vec![b'#'; 65 * 1024]).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(MasterKeys::from_file(&path).unwrap_err(), MasterKeyError::NotAKeyFile);
    }
}

#[test]
fn sec_203_a_key_file_that_reads_writes_and_reads_the_same() {
    let (two, one) = (ring().to_text(), format!("# x\n\nb {B64} active\r\n"));
    poolhouse_store::testkit::fuzz::text(&[two.as_str(), one.as_str(), HEX], |text| match MasterKeys::parse(text) {
        Ok(keys) => {
            let again = MasterKeys::parse(&keys.to_text()).unwrap();
            assert!(again.ids().eq(keys.ids()) && again.active.key.matches(keys.active.key.expose()));
        }
        Err(error) => {
            let told = error.to_string();
            assert!(!told.contains(&HEX[..12]) && !told.contains(&B64[..12]), "a key in the refusal: {told}");
        }
    });
}
