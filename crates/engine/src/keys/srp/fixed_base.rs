//! Powers of the generator from a table (Lim and Lee's comb, CRYPTO '94): 7 squarings and 64 multiplications where a power of any other
//! base takes 256 and some 64. Used by [`super::group`] only.
//!
//! The exponent's 256 bits are four rows of 64. `g^(2^(64·row + 8·block))` for every choice of rows stands in the table of a block, so that
//! one multiplication takes in one bit of every row, and one squaring serves all blocks.

use crypto_bigint::modular::FixedMontyForm;
use crypto_bigint::{CtEq as _, CtSelect as _, U3072};

use super::group::Element;

const ROWS: usize = 4;
const CHOICES: usize = 1 << ROWS;
const BLOCKS: usize = 8;
/// Bits of a row that belong to one block.
const STEPS: usize = 64 / BLOCKS;

/// The table of one base: 48 KiB. Made once, in about the time of a power.
pub(super) struct FixedBase {
    one: Element,
    /// For each block what each choice of rows multiplies by, in Montgomery form.
    blocks: Vec<[U3072; CHOICES]>,
}

impl FixedBase {
    pub(super) fn new(base: &Element) -> Self {
        let one = Element::one(base.params());
        let mut squared = *base;
        let mut powers = Vec::with_capacity(ROWS * BLOCKS);
        for _ in 0..ROWS * BLOCKS {
            powers.push(squared);
            for _ in 0..STEPS {
                squared = squared.square();
            }
        }
        let blocks = (0..BLOCKS).map(|block| {
            let rows: Vec<&Element> = powers.iter().skip(block).step_by(BLOCKS).collect();
            std::array::from_fn(|choice| {
                let chosen = rows.iter().enumerate().filter(|(row, _)| choice >> row & 1 == 1);
                *chosen.fold(one, |product, (_, power)| product.mul(power)).as_montgomery()
            })
        });
        Self { one, blocks: blocks.collect() }
    }

    /// The base to the power of `exponent`, big-endian, in constant time.
    pub(super) fn power(&self, exponent: &[u8; 32]) -> Element {
        let (words, _) = exponent.as_chunks::<8>();
        // The lowest row first.
        let rows = || words.iter().rev().map(|word| u64::from_be_bytes(*word));
        let mut result = self.one;
        for step in (0..STEPS).rev() {
            result = result.square();
            for (block, choices) in self.blocks.iter().enumerate() {
                let choice =
                    rows().enumerate().fold(0, |choice, (row, bits)| choice | (bits >> (STEPS * block + step) & 1) << row);
                result = result.mul(&FixedMontyForm::from_montgomery(select(choices, choice), result.params()));
            }
        }
        result
    }
}

/// Reads every entry, whichever is wanted: the processor's cache would tell another process which one a secret exponent asked for.
fn select(choices: &[U3072; CHOICES], wanted: u64) -> U3072 {
    (0..).zip(choices).fold(U3072::ZERO, |chosen, (number, choice): (u64, _)| chosen.ct_select(choice, number.ct_eq(&wanted)))
}
