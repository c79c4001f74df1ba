use std::collections::BTreeMap;

use kernel::Timestamp;
use proptest::prelude::*;

use super::digest::{Digest, read_entropy, read_frozen};
use super::{Frozen, Memory, heal};
use crate::lane::PerLane;
use crate::live::LiveSettings;

fn counters() -> impl Strategy<Value = PerLane<u64>> {
    prop::array::uniform3(0_u64..5).prop_map(PerLane)
}

fn frozen() -> impl Strategy<Value = Frozen> {
    (0_i64..4, counters())
        .prop_map(|(at, entries)| Frozen { at: Timestamp::from_unix_ms(at), entries })
}

fn live() -> impl Strategy<Value = LiveSettings> {
    (0_u64..3, any::<bool>()).prop_map(|(version, paused)| LiveSettings {
        version,
        paused,
        ..LiveSettings::initial(600, 100, 200)
    })
}

prop_compose! {
    fn memory()(
        incarnation in 1_u32..3, epoch in 0_u32..4, live in live(), entered in counters(),
        called in counters(), frozen in prop::collection::btree_map(0_u16..3, frozen(), 0..3),
        entropy in prop::collection::btree_map(0_u16..2, "[ab]", 0..2),
    ) -> Memory {
        Memory { incarnation, epoch, live, entered, called, frozen, entropy }
    }
}

proptest! {
    #[test]
    fn merging_is_a_join(a in memory(), b in memory(), c in memory()) {
        prop_assert_eq!(a.merge(&a), a.clone(), "idempotent");
        prop_assert_eq!(a.merge(&b), b.merge(&a), "commutative");
        prop_assert_eq!(a.merge(&b).merge(&c), a.merge(&b.merge(&c)), "associative");
    }

    /// P12: what a citizen of the same line was told is never lowered.
    #[test]
    fn merging_lowers_nothing(a in memory(), b in memory()) {
        let merged = a.merge(&b);
        for known in [&a, &b] {
            prop_assert!(merged.incarnation >= known.incarnation);
            if merged.incarnation > known.incarnation {
                continue;
            }
            prop_assert!(merged.epoch >= known.epoch && merged.live.version >= known.live.version);
            for (counted, before) in [(&merged.entered, &known.entered), (&merged.called, &known.called)] {
                prop_assert_eq!(&counted.zip(before, u64::max), counted);
            }
            for (index, frozen) in &known.frozen {
                prop_assert!(merged.frozen[index] <= *frozen, "the earlier one counts");
            }
        }
    }

    /// A store sees that it knows less exactly where merging would teach it something, or where the
    /// order of its text must be mended; it never misses a loss.
    #[test]
    fn a_digest_misses_no_loss(store in memory(), instance in memory()) {
        let behind = Digest::of(&store).is_behind(&Digest::of(&instance));
        let learns = store.merge(&instance) != store;
        // Levers of one version differ only if two were set at once after a loss; the digest does not
        // look for that, since either is what some operator wanted.
        let only_levers = Memory { live: store.live.clone(), ..store.merge(&instance) } == store
            && store.live.version == instance.live.version;
        prop_assert!(behind || !learns || only_levers);
        prop_assert!(!Digest::of(&store.merge(&instance)).is_behind(&Digest::of(&store))
            || store.incarnation == instance.incarnation);
    }

    #[test]
    fn a_digest_reads_back(memory in memory()) {
        let digest = Digest::of(&memory);
        prop_assert_eq!(read_frozen(&digest.frozen), Some(memory.frozen));
        prop_assert_eq!(read_entropy(&digest.entropy), Some(memory.entropy));
    }

    /// P8: after healing, the epoch is above every one that may have issued entries the store forgot.
    #[test]
    fn healing_begins_an_epoch_of_its_own(
        store in memory(), mine in memory(), is_quiet: bool, now_s in 0_i64..3,
    ) {
        let now = Timestamp::from_unix_s(now_s);
        match heal(Some(&store), &mine, is_quiet, now) {
            None => prop_assert_eq!(store.merge(&mine), store),
            Some(healed) => {
                prop_assert_eq!(Memory { epoch: 0, ..healed.clone() }, Memory { epoch: 0, ..store.merge(&mine) });
                prop_assert!(healed.incarnation > mine.incarnation || healed.epoch > mine.epoch);
                prop_assert!(healed.epoch > store.epoch || is_quiet || healed.incarnation > store.incarnation);
            }
        }
        let anew = heal(None, &mine, is_quiet, now).expect("the store knows nothing");
        prop_assert!(anew.epoch > mine.epoch && i64::from(anew.epoch) >= now_s);
    }
}

#[test]
fn a_malformed_text_is_not_read() {
    for text in ["x", "0", "0 1 2 3", "0 1 2 3 4 5;", "0 1 2 3 x;"] {
        assert_eq!(read_frozen(text), None, "{text}");
    }
    for text in ["0", "x 61;", "0 6;", "0 zz;", "0 ff;"] {
        assert_eq!(read_entropy(text), None, "{text}");
    }
    assert_eq!(read_entropy("0 61;"), Some(BTreeMap::from([(0, "a".to_owned())])));
}
