//! Which master of a Cluster has which keys.

use std::collections::{BTreeSet, HashMap};

use redis::Value;

use super::address::HostPort;

const SLOTS: u16 = 16_384;

/// The slot of a key: CRC16 (XMODEM) of what its first braces enclose, or of the whole key.
/// Redis Cluster specification, "Hash tags".
pub(super) fn slot_of(key: &[u8]) -> u16 {
    let tag = key.iter().position(|byte| *byte == b'{').and_then(|open| {
        let rest = &key[open + 1..];
        let close = rest.iter().position(|byte| *byte == b'}').filter(|close| *close > 0)?;
        Some(&rest[..close])
    });
    crc16(tag.unwrap_or(key)) % SLOTS
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

/// What a node has told of the Cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SlotMap {
    /// First slot, last slot, master; ordered.
    ranges: Vec<(u16, u16, HostPort)>,
    /// Slots of which a node has said since that they are elsewhere.
    moved: HashMap<u16, HostPort>,
    /// Masters and replicas.
    nodes: BTreeSet<HostPort>,
    /// Counts the changes that the Cluster as a whole has agreed on.
    pub(super) epoch: u64,
    /// Whether the node that told it is in touch with the majority.
    pub(super) is_sound: bool,
}

impl SlotMap {
    /// Reads the replies to `CLUSTER INFO` and `CLUSTER SLOTS`. A node without a host of its own is where the
    /// one that answered was reached.
    pub(super) fn read(info: &str, slots: &Value, answered: &HostPort) -> Option<Self> {
        let field = |name: &str| {
            info.lines().find_map(|line| line.trim_end().strip_prefix(name)?.strip_prefix(':'))
        };
        let mut map = Self {
            epoch: field("cluster_current_epoch")?.parse().ok()?,
            is_sound: field("cluster_state")? == "ok",
            ..Self::default()
        };
        let Value::Array(ranges) = slots else { return None };
        for range in ranges {
            let Value::Array(parts) = range else { return None };
            let [Value::Int(first), Value::Int(last), nodes @ ..] = parts.as_slice() else {
                return None;
            };
            let nodes: Vec<HostPort> =
                nodes.iter().filter_map(|node| host_port(node, &answered.host)).collect();
            let master = nodes.first()?.clone();
            map.ranges.push((u16::try_from(*first).ok()?, u16::try_from(*last).ok()?, master));
            map.nodes.extend(nodes);
        }
        map.ranges.sort_unstable();
        Some(map)
    }

    /// The master of a slot, if there is one.
    pub(super) fn master(&self, slot: u16) -> Option<&HostPort> {
        self.moved.get(&slot).or_else(|| {
            let behind = self.ranges.partition_point(|(first, ..)| *first <= slot);
            let (_, last, master) = self.ranges.get(behind.checked_sub(1)?)?;
            (slot <= *last).then_some(master)
        })
    }

    /// Every master, each once.
    pub(super) fn masters(&self) -> BTreeSet<&HostPort> {
        self.ranges.iter().map(|(.., master)| master).chain(self.moved.values()).collect()
    }

    /// Every node, replicas included.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &HostPort> {
        self.nodes.iter().chain(self.moved.values())
    }

    /// Takes over what a node said of a single slot.
    pub(super) fn note_moved(&mut self, slot: u16, master: HostPort) {
        if slot < SLOTS {
            self.moved.insert(slot, master);
        }
    }
}

fn host_port(node: &Value, answered: &str) -> Option<HostPort> {
    let Value::Array(parts) = node else { return None };
    let [host, Value::Int(port), ..] = parts.as_slice() else { return None };
    let host = match host {
        Value::BulkString(host) => String::from_utf8(host.clone()).ok()?,
        Value::SimpleString(host) => host.clone(),
        _ => String::new(),
    };
    // "?" is a name that has been announced to nobody yet.
    let host = if host.is_empty() || host == "?" { answered.to_owned() } else { host };
    Some(HostPort { host, port: u16::try_from(*port).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of `CLUSTER KEYSLOT` on Redis 7.0.
    #[test]
    fn slots_are_those_of_redis() {
        for (key, slot) in [
            ("", 0),
            ("123456789", 12_739),
            ("foo", 12_182),
            ("einlass:{foo}:state", 12_182),
            ("{foo}{bar}", 12_182),
            ("foo{}{bar}", 8_363),
            ("foo{{bar}}zap", 4_015),
            ("foo{bar", 15_278),
        ] {
            assert_eq!(slot_of(key.as_bytes()), slot, "{key}");
        }
    }

    fn node(host: &str, port: i64) -> Value {
        let host = if host.is_empty() { Value::Nil } else { Value::BulkString(host.into()) };
        Value::Array(vec![host, Value::Int(port), Value::BulkString("id".into())])
    }

    fn at(host: &str, port: u16) -> HostPort {
        HostPort { host: host.into(), port }
    }

    #[test]
    fn each_slot_has_the_master_that_was_told_last() {
        let range = |first, last, nodes: &[Value]| {
            Value::Array([&[Value::Int(first), Value::Int(last)], nodes].concat())
        };
        let slots = Value::Array(vec![
            range(8_000, 16_000, &[node("b", 2), node("c", 3)]),
            range(0, 7_999, &[node("", 1)]),
        ]);
        let info = "cluster_state:ok\r\ncluster_current_epoch:6\r\n";
        let mut map = SlotMap::read(info, &slots, &at("a", 9)).expect("understood");
        assert!(map.is_sound && map.epoch == 6);
        for (slot, master) in [(0, "a"), (7_999, "a"), (8_000, "b"), (16_000, "b")] {
            assert_eq!(map.master(slot).map(|at| at.host.as_str()), Some(master), "{slot}");
        }
        assert_eq!(map.master(16_001), None);
        assert_eq!(map.nodes().count(), 3);
        map.note_moved(8_001, at("c", 3));
        assert_eq!(map.master(8_001), Some(&at("c", 3)));
        assert_eq!(map.masters().len(), 3);
        assert_eq!(SlotMap::read("cluster_state:ok", &slots, &at("a", 9)), None);
        assert_eq!(SlotMap::read(info, &Value::Nil, &at("a", 9)), None);
    }
}
