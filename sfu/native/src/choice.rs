//! Which simulcast layer for whom: one viewer's line shared among what he watches. Pure.
//!
//! The order is: everybody's lowest layer first, by priority; then, by priority, each as far up as its wish
//! and the line allow. Rising needs room to spare and staying does not: a viewer on the edge of two layers
//! must not swing between them.

const RISE_ROOM: f64 = 1.2; // Room needed to rise; the difference to 1 is the swing that an estimate has.
const LAST_ROOM: f64 = 0.5; // A picture that is shown goes dark only when the line holds half of it.

/// One layer as it comes from the publisher; `flowing`: it is being sent now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// Measured.
    pub bps: u64,
    /// Whether it comes.
    pub flowing: bool,
}

/// One video that the viewer watches. `layer_max` `None`: not visible. `may_rise` is off for a while after a
/// fall.
#[derive(Clone, Debug)]
pub struct Want {
    /// Higher goes first.
    pub priority: i64,
    /// The highest layer worth sending.
    pub layer_max: Option<usize>,
    /// What flows to him.
    pub current: Option<usize>,
    /// By layer.
    pub offers: Vec<Offer>,
    /// Whether more may be tried.
    pub may_rise: bool,
}

/// The layer for each; `None`: nothing. Without a budget (no estimate) wishes alone decide.
#[must_use]
pub fn choose(wants: &[Want], budget_bps: Option<u64>) -> Vec<Option<usize>> {
    let mut left = budget_bps.map_or(f64::INFINITY, |bps| bps as f64);
    let mut order: Vec<usize> = (0..wants.len()).collect();
    order.sort_by_key(|&place| std::cmp::Reverse(wants[place].priority));
    let mut chosen = vec![None; wants.len()];
    let mut climbing: Vec<(usize, Vec<usize>)> = Vec::new();
    for place in order {
        let want = &wants[place];
        let ladder = ladder(want);
        let Some(&lowest) = ladder.first() else {
            continue;
        };
        let cost = want.offers[lowest].bps as f64;
        if cost * want.current.map_or(1.0, |_| LAST_ROOM) <= left {
            chosen[place] = Some(lowest);
            left = (left - cost).max(0.0);
            climbing.push((place, ladder));
        }
    }
    for equals in
        climbing.chunk_by(|(one, _), (other, _)| wants[*one].priority == wants[*other].priority)
    {
        left = climb(wants, equals.to_vec(), &mut chosen, left);
    }
    chosen
}

/// Equals rise in turns, a step each, so that none is sharp while another is blurred.
fn climb(
    wants: &[Want],
    mut climbers: Vec<(usize, Vec<usize>)>,
    chosen: &mut [Option<usize>],
    mut left: f64,
) -> f64 {
    while !climbers.is_empty() {
        let mut rising = Vec::new();
        for (place, ladder) in climbers {
            let want = &wants[place];
            let &[below, above, ..] = ladder.as_slice() else {
                continue;
            };
            let cost = want.offers[above].bps as f64 - want.offers[below].bps as f64;
            let rises = want.current.is_some_and(|current| above > current);
            if cost * if rises { RISE_ROOM } else { 1.0 } > left || (rises && !want.may_rise) {
                continue;
            }
            chosen[place] = Some(above);
            left -= cost;
            rising.push((place, ladder[1..].to_vec()));
        }
        climbers = rising;
    }
    left
}

/// The layers worth considering, lowest first.
fn ladder(want: &Want) -> Vec<usize> {
    let Some(layer_max) = want.layer_max.filter(|_| !want.offers.is_empty()) else {
        return Vec::new();
    };
    let top = layer_max.min(want.offers.len() - 1);
    let flowing: Vec<usize> = (0..want.offers.len())
        .filter(|&layer| want.offers[layer].flowing)
        .collect();
    let Some(&first) = flowing.first() else {
        // Nothing came yet, or the camera froze: keep what is, or wait for the first that comes.
        return vec![want.current.map_or(top, |current| current.min(top))];
    };
    // A publisher whose line is short stops his upper layers, one on a phone may stop the lower ones.
    let below: Vec<usize> = flowing.into_iter().filter(|&layer| layer <= top).collect();
    if below.is_empty() { vec![first] } else { below }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn want(priority: i64, layer_max: usize) -> Want {
        let offers = [100, 300, 900]
            .map(|bps| Offer {
                bps: bps * 1000,
                flowing: true,
            })
            .to_vec();
        Want {
            priority,
            layer_max: Some(layer_max),
            current: None,
            offers,
            may_rise: true,
        }
    }

    #[test]
    fn nobody_is_dark_to_make_another_sharper() {
        let chosen = choose(&[want(9, 2), want(1, 2)], Some(400_000));
        assert_eq!(chosen, [Some(1), Some(0)]);
    }

    #[test]
    fn wishes_alone_decide_without_an_estimate() {
        assert_eq!(choose(&[want(1, 1), want(1, 2)], None), [Some(1), Some(2)]);
    }
}
