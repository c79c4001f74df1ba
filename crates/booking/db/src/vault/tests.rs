use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use booking::BookingId;

use super::master::NotUnwrapped;
use super::*;

fn campaign(name: &str) -> CampaignId {
    name.parse().expect("a name")
}

fn master(id: u8) -> MasterKey {
    MasterKey::new(id, &[id; 32])
}

fn masters(current: u8, former: &[u8]) -> MasterKeys {
    MasterKeys::new(master(current), former.iter().map(|id| master(*id))).expect("ids")
}

/// The master keys of other tests.
#[expect(clippy::unnecessary_wraps, reason = "what `connect` takes")]
pub(crate) fn keys() -> Option<MasterKeys> {
    Some(masters(1, &[]))
}

const JSON: &str = r#"{"given_name":"Zoë"}"#;

#[test]
fn what_is_sealed_opens_where_it_was_sealed_and_nowhere_else() {
    let (speyer, worms) = (campaign("speyer"), campaign("worms"));
    let key = CampaignKey::new(1, &[7; 32]);
    let ids = [BookingId::from_bytes([1; 16]), BookingId::from_bytes([2; 16])];
    let place = Place::of_booking(&speyer, &ids[0]);
    let sealed = key.seal(&place, JSON);
    assert!(seal::is_sealed(&sealed) && sealed.is_ascii());
    assert_ne!(sealed, key.seal(&place, JSON), "no nonce is used twice");
    let opened = key.open(&place, &sealed).expect("its place");
    assert_eq!(opened.trim_end(), JSON);
    let elsewhere = [
        Place { row: ids[1].as_bytes(), ..place },
        Place { campaign: &worms, ..place },
        Place { column: "code", ..place },
        Place { table: "mail", ..place },
    ];
    for place in elsewhere {
        assert!(key.open(&place, &sealed).is_none(), "{place:?}");
    }
    for other in [CampaignKey::new(1, &[8; 32]), CampaignKey::new(2, &[7; 32])] {
        assert!(other.open(&place, &sealed).is_none());
    }
    for cut in 0..sealed.len() {
        assert!(key.open(&place, &sealed[..cut]).is_none());
    }
}

#[test]
fn the_length_tells_little() {
    let speyer = campaign("speyer");
    let id = BookingId::from_bytes([1; 16]);
    let key = CampaignKey::new(1, &[7; 32]);
    let length = |json: &str| key.seal(&Place::of_booking(&speyer, &id), json).len();
    assert_eq!(length(JSON), length(&JSON.replace("Zoë", "Zoë Maria Magdalena")));
}

#[test]
fn a_data_key_is_of_one_campaign_and_one_master_key() {
    let (speyer, worms) = (campaign("speyer"), campaign("worms"));
    let first = masters(1, &[]);
    let wrapped = first.wrap_new(&speyer, VERSION);
    let unwrap = |masters: &MasterKeys, of: &CampaignId| masters.unwrap(of, &wrapped).err();
    assert_eq!(unwrap(&first, &speyer), None);
    assert_eq!(unwrap(&first, &worms), Some(NotUnwrapped::Wrong(1)));
    assert_eq!(unwrap(&masters(2, &[]), &speyer), Some(NotUnwrapped::Missing(1)));
    assert_eq!(unwrap(&masters(2, &[1]), &speyer), None);
    let other = MasterKeys::new(MasterKey::new(1, &[9; 32]), []).expect("ids");
    assert_eq!(unwrap(&other, &speyer), Some(NotUnwrapped::Wrong(1)));
    let fresh = masters(2, &[1]).rewrap(&speyer, &wrapped).expect("unwrapped");
    let id = BookingId::from_bytes([1; 16]);
    let place = Place::of_booking(&speyer, &id);
    let sealed = first.unwrap(&speyer, &wrapped).expect("the key").seal(&place, JSON);
    let key = masters(2, &[]).unwrap(&speyer, &fresh).expect("the same key");
    assert!(key.open(&place, &sealed).is_some(), "the rows stay as they are");
}

#[test]
fn an_id_is_given_once() {
    assert_eq!(MasterKeys::new(master(1), [master(2), master(1)]).err(), Some(RepeatedId(1)));
}

#[test]
fn no_key_is_printed() {
    let masters = masters(1, &[7]);
    let wrapped = masters.wrap_new(&campaign("speyer"), VERSION);
    let printed = format!("{masters:?} {wrapped:?} {:?}", CampaignKey::new(1, &[7; 32]));
    assert_eq!(
        printed,
        "MasterKeys { current: MasterKey(1), former: [MasterKey(7)] } Wrapped(version 1, master key 1) \
         CampaignKey(version 1)"
    );
}

/// What the key file of an earlier release is worth must not change.
#[test]
fn the_derived_master_key_is_always_the_same() {
    let keys = MasterKeys::new(MasterKey::derived(&[5; 32]), []).expect("ids");
    let frozen = "AAECAwQFBgcICQoLcz-QPWC8d59i1-8_MFlN0XqoPJkX9Q48bN3Ub4Vnjcui4XLyIVC3qoMNuTeD2VJX";
    let bytes = URL_SAFE_NO_PAD.decode(frozen).expect("base64");
    let wrapped = Wrapped { version: 1, master: MasterKey::DERIVED_ID, bytes };
    assert!(keys.unwrap(&campaign("speyer"), &wrapped).is_ok());
}
