//! What it costs to seal a person and to recognise them again, without all the rest of a booking.

use anyhow::{Context, Result};
use aws_lc_rs::aead::{AES_256_GCM, Aad, RandomizedNonceKey};
use aws_lc_rs::hmac;

use crate::Bench;
use crate::cpu;
use crate::figure::Figure;

/// What a person is filled up to, as JSON.
const TEXT: [u8; 192] = [b' '; 192];
/// The campaign, and the person in the form in which they are compared.
const RECOGNISED: [u8; 64] = [b'e'; 64];
/// Table, column, campaign and row.
const PLACE: [u8; 64] = [b'p'; 64];
const PERSONS: u32 = 200_000;

/// Measures it, in this process.
pub fn measure(bench: &Bench) -> Result<Figure> {
    let mut cost = Figure::new(
        "book_seal_us",
        None,
        "for comparison: processor time of AES-256-GCM over a person, with a new nonce, and of the \
         HMAC-SHA-256 by which they are recognised, in µs",
    );
    for _ in 0..bench.rounds {
        cost.add(of_one_us()?);
    }
    Ok(cost)
}

fn of_one_us() -> Result<f64> {
    let key = RandomizedNonceKey::new(&AES_256_GCM, &[1; 32]).ok().context("no key")?;
    let index = hmac::Key::new(hmac::HMAC_SHA256, &[2; 32]);
    let before = cpu::of_this_process_s()?;
    for _ in 0..PERSONS {
        let mut text = TEXT.to_vec();
        let nonce = key.seal_in_place_append_tag(Aad::from(PLACE), &mut text);
        std::hint::black_box((nonce.ok().context("not sealed")?, text));
        std::hint::black_box(hmac::sign(&index, std::hint::black_box(&RECOGNISED)));
    }
    Ok((cpu::of_this_process_s()? - before) * 1e6 / f64::from(PERSONS))
}
