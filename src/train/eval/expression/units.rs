//! Units of measure, in English and Chinese: what they measure and how they convert.

use num_bigint::BigInt;
use num_rational::BigRational;

/// A unit that stands after a number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Unit {
    /// A unit of the table, raised to a power: the quantity, how many base units it is.
    Known(&'static str, u32, BigRational),
    /// Degrees of an angle.
    Degree,
    /// A word that is not in the table: what is counted.
    Counted(String),
}

impl Unit {
    /// The unit of a phrase such as `cm`, `square meters`, `km/h`, `平方厘米`.
    pub(crate) fn of(phrase: &str) -> Self {
        let phrase = phrase.trim().trim_end_matches('.').to_lowercase();
        if matches!(phrase.as_str(), "degree" | "degrees" | "deg" | "度") {
            return Self::Degree;
        }
        let phrase = match phrase.strip_prefix('°') {
            Some(scale @ ("celsius" | "fahrenheit")) => scale.to_owned(),
            _ => phrase,
        };
        let (power, rest) = power_of(&phrase);
        match lookup(rest) {
            Some((quantity, factor)) => Self::Known(quantity, power, factor).raised_in_place(power),
            None => Self::Counted(phrase),
        }
    }

    fn raised_in_place(self, power: u32) -> Self {
        match self {
            Self::Known(quantity, _, factor) => Self::Known(quantity, power, num_traits::pow(factor, power as usize)),
            other => other,
        }
    }

    /// Whether the unit is larger than one of the same quantity that is so many base units.
    pub(crate) fn is_larger(&self, other: &BigRational) -> bool {
        matches!(self, Self::Known(_, _, factor) if factor > other)
    }

    /// The unit to the power `power` of what it was.
    pub(crate) fn raised(self, power: u32) -> Self {
        match self {
            Self::Known(quantity, had, factor) if (1..=4).contains(&power) && had * power <= 12 => {
                Self::Known(quantity, had * power, num_traits::pow(factor, power as usize))
            }
            other => other,
        }
    }
}

fn power_of(phrase: &str) -> (u32, &str) {
    for (word, power) in [("square ", 2), ("sq ", 2), ("sq. ", 2), ("cubic ", 3), ("cu ", 3), ("平方", 2), ("立方", 3)]
    {
        if let Some(rest) = phrase.strip_prefix(word) {
            return (power, rest);
        }
    }
    for (word, power) in [(" squared", 2), (" cubed", 3), ("^2", 2), ("^3", 3), ("^{2}", 2), ("^{3}", 3)] {
        if let Some(rest) = phrase.strip_suffix(word) {
            return (power, rest);
        }
    }
    (1, phrase)
}

/// Whether a run of letters after a number is a unit rather than a product of variables.
pub(crate) fn is_unit(word: &str) -> bool {
    word.chars().count() > 1 && (lookup(&word.to_lowercase()).is_some() || matches!(word, "deg" | "degree" | "degrees"))
}

/// Whether a word after degrees says which scale of temperature they are of.
pub(crate) fn is_scale(word: &str) -> bool {
    matches!(word, "C" | "F") || ["celsius", "fahrenheit"].iter().any(|name| word.eq_ignore_ascii_case(name))
}

/// Whether a word is the name of a unit.
pub(crate) fn is_name(word: &str) -> bool {
    lookup(word).is_some()
}

fn lookup(name: &str) -> Option<(&'static str, BigRational)> {
    let (_, quantity, above, below) = UNITS.iter().find(|(names, ..)| names.split(' ').any(|known| known == name))?;
    Some((quantity, BigRational::new(BigInt::from(*above), BigInt::from(*below))))
}

/// Names, quantity, and the factor to the quantity's base unit as a fraction.
const UNITS: &[(&str, &str, i64, i64)] = &[
    ("mm millimeter millimeters millimetre millimetres 毫米", "length", 1, 1000),
    ("cm centimeter centimeters centimetre centimetres 厘米", "length", 1, 100),
    ("dm decimeter decimeters 分米", "length", 1, 10),
    ("m meter meters metre metres 米", "length", 1, 1),
    ("km kilometer kilometers kilometre kilometres 千米 公里", "length", 1000, 1),
    ("in inch inches 英寸", "length", 254, 10_000),
    ("ft foot feet 英尺", "length", 3048, 10_000),
    ("yd yard yards 码", "length", 9144, 10_000),
    ("mi mile miles 英里", "length", 1_609_344, 1000),
    ("公顷 hectare hectares ha", "area", 10_000, 1),
    ("亩", "area", 2000, 3),
    ("acre acres 英亩", "area of land", 1, 1),
    ("ml milliliter milliliters millilitre millilitres 毫升", "volume", 1, 1000),
    ("l liter liters litre litres 升", "volume", 1, 1),
    ("gallon gallons gal 加仑", "volume in gallons", 1, 1),
    ("mg milligram milligrams 毫克", "mass", 1, 1_000_000),
    ("g gram grams 克", "mass", 1, 1000),
    ("kg kilogram kilograms 千克 公斤", "mass", 1, 1),
    ("t ton tons tonne tonnes 吨", "mass", 1000, 1),
    ("斤", "mass", 1, 2),
    ("两", "mass", 1, 20),
    ("lb lbs pound pounds 磅", "mass in pounds", 1, 1),
    ("oz ounce ounces 盎司", "mass in pounds", 1, 16),
    ("ms millisecond milliseconds", "time", 1, 1000),
    ("s sec secs second seconds 秒 秒钟", "time", 1, 1),
    ("min mins minute minutes 分钟", "time", 60, 1),
    ("h hr hrs hour hours 小时 时", "time", 3600, 1),
    ("day days 天 日", "time", 86_400, 1),
    ("week weeks 周 星期", "time", 604_800, 1),
    ("month months 个月 月", "time in months", 1, 1),
    ("year years 年", "time in months", 12, 1),
    ("cent cents ¢ 美分", "dollars", 1, 100),
    ("dollar dollars usd 美元", "dollars", 1, 1),
    ("元 yuan rmb 块 人民币", "yuan", 1, 1),
    ("角 毛", "yuan", 1, 10),
    ("万元", "yuan", 10_000, 1),
    ("mph", "speed in miles an hour", 1, 1),
    ("km/h kph kmh 千米/时 千米/小时", "speed", 5, 18),
    ("m/s 米/秒", "speed", 1, 1),
    ("m/min 米/分 米/分钟", "speed", 1, 60),
    ("hz hertz", "frequency", 1, 1),
    ("khz", "frequency", 1000, 1),
    ("mhz", "frequency", 1_000_000, 1),
    ("pa", "pressure", 1, 1),
    ("kpa", "pressure", 1000, 1),
    ("°c celsius 摄氏度", "degrees Celsius", 1, 1),
    ("°f fahrenheit 华氏度", "degrees Fahrenheit", 1, 1),
    ("rad radian radians 弧度", "angle in radians", 1, 1),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(phrase: &str, quantity: &str, power: u32, above: i64, below: i64) {
        let factor = BigRational::new(above.into(), below.into());
        match Unit::of(phrase) {
            Unit::Known(found, found_power, found_factor) => {
                assert_eq!((found, found_power, found_factor), (quantity, power, factor));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn units_convert() {
        check("cm", "length", 1, 1, 100);
        check("Square Centimeters", "length", 2, 1, 10_000);
        check("平方米", "length", 2, 1, 1);
        check("km/h", "speed", 1, 5, 18);
        check("元", "yuan", 1, 1, 1);
        assert_eq!(Unit::of("apples"), Unit::Counted("apples".to_owned()));
        assert_eq!(Unit::of("degrees"), Unit::Degree);
        assert!(matches!(Unit::of("cm").raised(3), Unit::Known("length", 3, _)));
    }

    #[test]
    fn names_are_distinct() {
        let mut names: Vec<&str> = UNITS.iter().flat_map(|(names, ..)| names.split(' ')).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
