//! The shortest form of a float, which deterministic CBOR asks for (RFC 8949 section 4.2.1).

/// A binary floating-point format of IEEE 754: bits of the exponent and of the fraction.
pub(super) struct Format {
    exponent: u32,
    fraction: u32,
}

pub(super) const HALF: Format = Format { exponent: 5, fraction: 10 };
pub(super) const SINGLE: Format = Format { exponent: 8, fraction: 23 };
pub(super) const DOUBLE: Format = Format { exponent: 11, fraction: 52 };

/// Whether the float `bits` of one format has the same value in the next narrower one.
pub(super) fn narrows(bits: u64, wide: &Format, narrow: &Format) -> bool {
    let fraction = bits & ((1 << wide.fraction) - 1);
    let exponent = bits >> wide.fraction & ((1 << wide.exponent) - 1);
    let lost = wide.fraction - narrow.fraction;
    let bias = |format: &Format| (1i64 << (format.exponent - 1)) - 1;
    let Ok(biased) = i64::try_from(exponent) else { return false };
    match biased {
        // Zero narrows; the subnormal numbers of a format lie far below those of the next.
        0 => fraction == 0,
        // Infinity, and a NaN whose payload survives.
        _ if exponent == (1 << wide.exponent) - 1 => fraction.trailing_zeros() >= lost,
        _ => {
            let unbiased = biased - bias(wide);
            let (least_normal, greatest) = (1 - bias(narrow), bias(narrow));
            // Below the least normal number, each step down costs one more bit of the fraction.
            let below = u32::try_from((least_normal - unbiased).max(0)).unwrap_or(u32::MAX);
            let significand = fraction | 1 << wide.fraction;
            unbiased <= greatest && significand.trailing_zeros() >= lost.saturating_add(below)
        }
    }
}

#[cfg(test)]
mod tests {
    use coset::cbor::value::Value;
    use proptest::prelude::*;

    use super::*;

    /// Octets that an independent encoder, which writes the shortest form, needs for a float.
    fn octets_of(value: f64) -> usize {
        let mut octets = Vec::new();
        coset::cbor::ser::into_writer(&Value::Float(value), &mut octets).unwrap();
        octets.len() - 1
    }

    #[test]
    fn the_edges_of_the_half_format_are_known() {
        let table: &[(f32, bool)] = &[
            (0.0, true),
            (-0.0, true),
            (1.5, true),
            (65_504.0, true),
            (65_536.0, false),
            (1.0 / 16_384.0, true),
            (1.0 / 16_777_216.0, true),
            (1.5 / 16_777_216.0, false),
            (1.0 / 33_554_432.0, false),
            (2049.0, false),
            (f32::INFINITY, true),
            (f32::NAN, true),
            (f32::from_bits(1), false),
        ];

        for (value, expected) in table {
            assert_eq!(narrows(u64::from(value.to_bits()), &SINGLE, &HALF), *expected, "{value}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn a_double_narrows_when_the_round_trip_keeps_it(bits: u64, coarse in any::<f32>()) {
            for value in [f64::from_bits(bits), f64::from(coarse)] {
                prop_assume!(!value.is_nan());
                let kept = f64::from(value as f32).to_bits() == value.to_bits();
                // A subnormal single counts too, although it keeps fewer bits.
                prop_assert_eq!(narrows(value.to_bits(), &DOUBLE, &SINGLE), kept, "{}", value);
            }
        }

        #[test]
        fn an_independent_encoder_agrees(fraction in -2048i32..=2048, exponent in -26i32..18) {
            let value = f64::from(fraction) * f64::from(exponent).exp2();
            let single = value as f32;

            let half = narrows(u64::from(single.to_bits()), &SINGLE, &HALF);

            prop_assert_eq!(half, octets_of(value) == 2, "{}", value);
        }
    }
}
