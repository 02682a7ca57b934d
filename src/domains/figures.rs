//! What is counted of the pages of a domain, a host or a prefix. Sums are of whole numbers, so that their order is none.

/// A score's unit in sums: 2⁻³⁰, so that 2³³ pages fit.
pub const SCORE_UNIT: f64 = (1u64 << 30) as f64;

/// What is counted of some pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Pages in the denominator.
    pub pages: u64,
    /// Those of them that the round collected.
    pub collected: u64,
    /// Tokens of all.
    pub tokens: u64,
    /// Tokens of what is collected.
    pub collected_tokens: u64,
    /// Pages with a score: rejected pages have none.
    pub scored: u64,
    /// Sum of the scores, in units of 2⁻³⁰.
    pub score_units: i64,
    /// Those of what is collected.
    pub collected_score_units: i64,
}

/// What counts of one page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counted {
    /// Whether the round collected it.
    pub collected: bool,
    /// Its tokens.
    pub tokens: u64,
    /// Its score, where it was read.
    pub score: Option<f64>,
}

impl Figures {
    /// Counts a page.
    pub fn count(&mut self, page: Counted) {
        let Counted { collected, tokens, score } = page;
        self.pages += 1;
        self.tokens += tokens;
        if collected {
            self.collected += 1;
            self.collected_tokens += tokens;
        }
        if let Some(score) = score {
            self.scored += 1;
            let units = (score.clamp(0.0, 1.0) * SCORE_UNIT).round() as i64;
            self.score_units += units;
            if collected {
                self.collected_score_units += units;
            }
        }
    }

    /// Adds those of other pages.
    pub fn add(&mut self, other: &Self) {
        let Self { pages, collected, tokens, collected_tokens, scored, score_units, collected_score_units } = other;
        self.pages += pages;
        self.collected += collected;
        self.tokens += tokens;
        self.collected_tokens += collected_tokens;
        self.scored += scored;
        self.score_units += score_units;
        self.collected_score_units += collected_score_units;
    }

    /// Takes those of some of the pages away.
    pub fn take_away(&mut self, part: &Self) {
        let Self { pages, collected, tokens, collected_tokens, scored, score_units, collected_score_units } = part;
        self.pages -= (*pages).min(self.pages);
        self.collected -= (*collected).min(self.collected);
        self.tokens -= (*tokens).min(self.tokens);
        self.collected_tokens -= (*collected_tokens).min(self.collected_tokens);
        self.scored -= (*scored).min(self.scored);
        self.score_units -= score_units;
        self.collected_score_units -= collected_score_units;
    }

    /// The mean score of the pages that have one and are not collected.
    #[must_use]
    pub fn uncollected_score(&self) -> Option<f64> {
        let pages = self.scored.saturating_sub(self.collected);
        let units = self.score_units - self.collected_score_units;
        (pages > 0).then(|| units as f64 / SCORE_UNIT / pages as f64)
    }

    /// The share of the pages that is collected.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.pages == 0 { 0.0 } else { self.collected as f64 / self.pages as f64 }
    }

    /// The mean score of the pages that have one.
    #[must_use]
    pub fn mean_score(&self) -> Option<f64> {
        (self.scored > 0).then(|| self.score_units as f64 / SCORE_UNIT / self.scored as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_to_the_whole_in_any_order() {
        let pages: Vec<Counted> = (0..100u32)
            .map(|n| Counted {
                collected: n % 3 == 0,
                tokens: u64::from(n),
                score: (n % 7 > 0).then(|| f64::from(n).sin().abs()),
            })
            .collect();
        let of = |pages: &mut dyn Iterator<Item = &Counted>| {
            let mut figures = Figures::default();
            pages.for_each(|page| figures.count(*page));
            figures
        };
        let whole = of(&mut pages.iter());
        let mut parts = of(&mut pages[60..].iter().rev());
        parts.add(&of(&mut pages[..60].iter()));
        assert_eq!(parts, whole);
        parts.take_away(&of(&mut pages[..60].iter()));
        assert_eq!(parts, of(&mut pages[60..].iter()));
        assert_eq!((whole.pages, whole.collected, whole.scored), (100, 34, 85));
        assert!((whole.mean_score().unwrap() - 0.63).abs() < 0.05);
        assert_eq!(Figures::default().mean_score(), None);
    }
}
