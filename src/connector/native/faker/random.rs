//! Chance that can be repeated: a generator for each record, made from the seed and the record's number.
//! So a record is the same wherever reading begins, and in whatever order.

/// `SplitMix64`: a handful of instructions for numbers that look random enough for made-up people.
#[derive(Debug, Clone)]
pub(in crate::connector::native) struct Random(u64);

/// An odd number near the golden section of 2⁶⁴.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    pub(in crate::connector::native) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The generator of one record of one table.
    pub(super) fn of_record(seed: u64, table: u64, number: u64) -> Self {
        let mut mixed = Self(seed ^ table.wrapping_mul(0xd6e8_feb8_6659_fd93));
        Self(mixed.next() ^ number.wrapping_mul(STEP))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        // Multiply and keep the upper half; the error is too small to see.
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// From 0 up to, but not including, 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
    pub(in crate::connector::native) fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "below the length of a list"
    )]
    pub(super) fn pick(&mut self, list: &'static [&'static str]) -> &'static str {
        list[self.below(list.len() as u64) as usize]
    }
}
