//! The names in a sentence: what must exist before a scenario is worth beginning.

/// A name that a sentence uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name<'a> {
    /// A population.
    Population(&'a str),
    /// A campaign, or provisioning data.
    Campaign(&'a str),
    /// A Device; of a range, its ends.
    Device(&'a str),
}

/// The names in a sentence of the phrasebook, in their order.
pub fn names(sentence: &str) -> Vec<Name<'_>> {
    let pieces: Vec<&str> = sentence.split('"').collect();
    let mut found: Vec<Name<'_>> = Vec::new();
    // Text and quotations take turns; what follows the last one is text.
    for pair in pieces.chunks_exact(2) {
        let is_second = pair[0] == " and " && matches!(found.last(), Some(Name::Campaign(_)));
        found.extend(if is_second { Some(Name::Campaign(pair[1])) } else { name_of(pair[0], pair[1]) });
    }
    found
}

fn name_of<'a>(before: &str, quoted: &'a str) -> Option<Name<'a>> {
    let number = quoted.strip_prefix('D').filter(|digits| !digits.is_empty());
    if before.ends_with("population ") {
        Some(Name::Population(quoted))
    } else if before.ends_with("campaign ") || before.ends_with("campaigns ") || before.ends_with("provisioning data ")
    {
        Some(Name::Campaign(quoted))
    } else if number.is_some_and(|digits| digits.chars().all(|c| c.is_ascii_digit())) {
        Some(Name::Device(quoted))
    } else {
        None
    }
}

/// The nodes that a sentence has the DM Server read of Devices, beside those that it always reads.
pub fn nodes(sentence: &str) -> Vec<String> {
    let word_after = |words: &str| Some(sentence.split_once(words)?.1.split(' ').next().unwrap_or_default());
    let node = word_after("the node ").filter(|node| node.starts_with("./")).map(str::to_owned);
    let component = word_after("of the software component ");
    let version = component.map(|component| format!("./SCOMO/Inventory/Deployed/{component}/Version"));
    node.into_iter().chain(version).collect()
}

#[cfg(test)]
mod tests {
    use super::super::phrasebook::PHRASES;
    use super::*;

    #[test]
    fn the_ends_of_a_range_are_named() {
        let found = names(r#"Devices "D1" to "D12", "D14" send no report"#);

        assert_eq!(found, [Name::Device("D1"), Name::Device("D12"), Name::Device("D14")]);
    }

    #[test]
    fn nodes_that_are_read_are_found() {
        assert_eq!(nodes(r#"the node ./FUMO/State of Device "D1" reads 100"#), ["./FUMO/State"]);
        assert_eq!(nodes(r#"Device "D1" lacks the node ./Settings/OldApn"#), ["./Settings/OldApn"]);
        let version = "./SCOMO/Inventory/Deployed/player/Version";
        assert_eq!(nodes(r#"Device "D1" runs version 3.2 of the software component player"#), [version]);
        assert!(nodes(r#"Device "D1" lacks the setting ./Settings/Proxy"#).is_empty());
    }

    #[test]
    fn every_placeholder_of_the_phrasebook_is_found_in_its_example() {
        for phrase in &PHRASES {
            let found = names(phrase.example);

            let of = |placeholder: &str| phrase.sentence.matches(placeholder).count();
            let campaigns = found.iter().filter(|name| matches!(name, Name::Campaign(_))).count();
            let populations = found.iter().filter(|name| matches!(name, Name::Population(_))).count();
            let moments = of("{moment}");
            let devices = found.iter().filter(|name| matches!(name, Name::Device(_))).count();
            // A moment may name a campaign, a Device, or nothing.
            assert!((of("{campaign}")..=of("{campaign}") + moments).contains(&campaigns), "{}", phrase.example);
            assert_eq!(populations, of("{population}"), "{}", phrase.example);
            assert!(moments > 0 || (devices > 0) == (of("{device}") + of("{devices}") > 0), "{}", phrase.example);
        }
    }
}
