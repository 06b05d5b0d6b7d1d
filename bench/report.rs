//! The figures in words: medians, ratios, and how they stand to the targets. Prints to standard
//! output and nowhere else.

use super::cases::Targets;

/// What one side cost in one round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) program_us: f64,
    pub(crate) database_us: f64,
    pub(crate) per_second: f64,
}

impl Round {
    fn ratio(&self) -> f64 {
        self.ours.total() / self.against.total()
    }
}

impl Sample {
    pub(crate) fn total(&self) -> f64 {
        self.program_us + self.database_us
    }
}

/// One round: ours, what it is held against, and the share of the machine that others used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    pub(crate) ours: Sample,
    pub(crate) against: Sample,
    pub(crate) others: f64,
}

/// All rounds of one case on one engine.
pub(crate) struct Outcome {
    pub(crate) name: &'static str,
    pub(crate) says: &'static str,
    pub(crate) engine: &'static str,
    pub(crate) targets: Option<Targets>,
    pub(crate) rounds: Vec<Round>,
}

/// A figure that is not a ratio, such as milliseconds or bytes.
pub(crate) struct Value {
    pub(crate) says: String,
    pub(crate) engine: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) figures: Vec<f64>,
    pub(crate) targets: Option<Targets>,
}

pub(crate) fn print_outcomes(outcomes: &[Outcome]) {
    println!(
        "CPU in µs per request, as total = program + database processes: medians of the rounds."
    );
    println!(
        "Ratio: median of the rounds' ratios (lowest–highest). Others: share of the machine that"
    );
    println!("other programs used meanwhile. Requests per second inform only.\n");
    print_row([
        "case",
        "engine",
        "ours µs",
        "against µs",
        "ratio",
        "must",
        "aim",
        "verdict",
        "req/s",
        "others",
    ]);
    for outcome in outcomes {
        let ours: Vec<Sample> = outcome.rounds.iter().map(|round| round.ours).collect();
        let against: Vec<Sample> = outcome.rounds.iter().map(|round| round.against).collect();
        let ratio = Spread::of(outcome.rounds.iter().map(Round::ratio));
        let others = Spread::of(outcome.rounds.iter().map(|round| round.others * 100.0)).median;
        let per_second = |side: &[Sample]| Spread::of(side.iter().map(|s| s.per_second)).median;
        let limit = |pick: fn(Targets) -> f64| {
            outcome
                .targets
                .map_or("-".to_owned(), |targets| format!("{:.2}", pick(targets)))
        };
        print_row([
            outcome.name,
            outcome.engine,
            &cost(&ours),
            &cost(&against),
            &format!(
                "{:.2} ({:.2}–{:.2})",
                ratio.median, ratio.lowest, ratio.highest
            ),
            &limit(|targets| targets.must),
            &limit(|targets| targets.aim),
            &verdict(&ratio, outcome.targets),
            &format!("{:.0} / {:.0}", per_second(&ours), per_second(&against)),
            &format!("{others:.0} %"),
        ]);
    }
    println!();
    let mut named = Vec::new();
    for outcome in outcomes {
        if !named.contains(&outcome.name) {
            named.push(outcome.name);
            println!("{:<18} {}", outcome.name, outcome.says);
        }
    }
    println!();
}

fn print_row(words: [&str; 10]) {
    let [
        case,
        engine,
        ours,
        against,
        ratio,
        must,
        aim,
        verdict,
        per_second,
        others,
    ] = words;
    println!(
        "{case:<18} {engine:<8} {ours:>22} {against:>22} {ratio:>18} {must:>5} {aim:>5}  \
         {verdict:<31} {per_second:>15} {others:>6}"
    );
}

impl Value {
    /// A figure that cannot be had here, and why: it must not look as if nobody had wanted it.
    pub(crate) fn missing(says: &str, engine: &'static str, why: &str) -> Self {
        eprintln!("\n*** NOT MEASURED: {says}. {why} ***\n");
        Self {
            says: format!("NOT MEASURED {says}"),
            engine,
            unit: "",
            figures: Vec::new(),
            targets: None,
        }
    }
}

pub(crate) fn print_values(values: &[Value]) {
    if values.is_empty() {
        return;
    }
    println!(
        "{:<44} {:<8} {:>26} {:>5} {:>5}  verdict",
        "value", "engine", "median (lowest–highest)", "must", "aim"
    );
    for value in values {
        if value.figures.is_empty() {
            println!("{} {}", value.says, value.engine);
            continue;
        }
        let spread = Spread::of(value.figures.iter().copied());
        println!(
            "{:<44} {:<8} {:>26} {:>5} {:>5}  {}",
            value.says,
            value.engine,
            format!(
                "{} ({}–{}) {}",
                digits(spread.median),
                digits(spread.lowest),
                digits(spread.highest),
                value.unit
            ),
            value
                .targets
                .map_or("-".into(), |targets| format!("{}", targets.must)),
            value
                .targets
                .map_or("-".into(), |targets| format!("{}", targets.aim)),
            verdict(&spread, value.targets),
        );
    }
}

/// Three digits, and none too many: ratios may be as small as a hundredth.
fn digits(figure: f64) -> String {
    match figure.abs() {
        ..1.0 => format!("{figure:.3}"),
        ..10.0 => format!("{figure:.2}"),
        _ => format!("{figure:.1}"),
    }
}

struct Spread {
    lowest: f64,
    median: f64,
    highest: f64,
}

impl Spread {
    fn of(figures: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = figures.collect();
        sorted.sort_by(f64::total_cmp);
        let (Some(&lowest), Some(&highest)) = (sorted.first(), sorted.last()) else {
            return Self {
                lowest: f64::NAN,
                median: f64::NAN,
                highest: f64::NAN,
            };
        };
        let half = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[half]
        } else {
            f64::midpoint(sorted[half - 1], sorted[half])
        };
        Self {
            lowest,
            median,
            highest,
        }
    }
}

fn verdict(spread: &Spread, targets: Option<Targets>) -> String {
    let Some(Targets { must, aim }) = targets else {
        return "no target".into();
    };
    let (limit, words) = if spread.median <= aim {
        (aim, "meets the aim")
    } else if spread.median <= must {
        (must, "meets the must")
    } else if spread.lowest <= must {
        return "MISSES the must, not each round".into();
    } else {
        return "MISSES the must".into();
    };
    if spread.highest > limit {
        format!("{words}, not each round")
    } else {
        words.into()
    }
}

fn cost(samples: &[Sample]) -> String {
    let median = |figure: fn(&Sample) -> f64| Spread::of(samples.iter().map(figure)).median;
    let total = median(Sample::total);
    let (program, database) = (median(|s| s.program_us), median(|s| s.database_us));
    if database < 0.05 {
        format!("{total:.1}")
    } else {
        format!("{total:.1} = {program:.1} + {database:.1}")
    }
}
