use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

const OPENED: Trigger = Trigger::RiskOpened;

fn refusal(source: &str) -> String {
    Filter::read(source, OPENED).unwrap_err().to_string()
}

fn values() -> Values {
    let mut values = Values::default();
    values.text("account.name", "緑川印刷");
    values.text("account.tier", "gold");
    values.money("account.mrr", keizoku_core::Money::from_minor(1_200_000));
    values.number("account.days_to_renewal", 15);
    values.date("account.next_renewal", "2026-12-10".parse().ok());
    values.flag("risk.leads_to_churn", true);
    values
}

fn passes(source: &str) -> Result<bool, Problem> {
    Filter::read(source, OPENED).unwrap().passes(&values())
}

#[test]
fn ntf_2_a_filter_compares_the_fields_of_a_fact() {
    for source in [
        "account.mrr >= 1000000 && account.tier in ['gold', 'platinum']",
        "has(account.days_to_renewal) && account.days_to_renewal <= 90",
        "has(account.next_renewal) && account.next_renewal < '2027-01-01'",
        "risk.leads_to_churn && !account.name.startsWith('株式会社')",
        "['印刷', '製本'].exists(word, account.name.contains(word))",
        "account.tier == 'gold' ? account.mrr > 1000000 : account.mrr > 5000000",
        "double(account.mrr) / 1000.0 > 1199.5",
        "size(account.name) == 4 && account.mrr % 7 >= 0",
    ] {
        assert_eq!(passes(source), Ok(true), "{source}");
    }
    for source in ["account.mrr > 1200000", "[1, 2].all(n, n > account.mrr)"] {
        assert_eq!(passes(source), Ok(false), "{source}");
    }
}

#[test]
fn ntf_2_a_filter_that_does_not_compile_says_where() {
    let said = refusal("account.mrr >");
    assert!(
        said.starts_with("does not compile: line 1, column"),
        "{said}"
    );
    for source in ["", "&&", "account.mrr > 1 &", "'", "a b", "(", "💥"] {
        let said = refusal(source);
        assert!(said.contains("compile"), "{source}: {said}");
    }
}

#[test]
fn ntf_2_a_filter_that_names_a_missing_field_is_told_which_there_are() {
    let said = refusal("account.arr > 1");
    assert!(
        said.contains("`account.arr`") && said.contains("account.mrr"),
        "{said}"
    );
    let said = refusal("contract.product == 'x'");
    assert!(
        said.contains("`contract.product`"),
        "another trigger's: {said}"
    );
    let said = refusal("accounts.mrr > 1");
    assert!(said.contains("`accounts.mrr`"), "{said}");
    assert!(refusal("mrr > 1").contains("`mrr`"));
    assert!(refusal("account == 1").contains("like `account.id`"));
    assert!(refusal("has(account.nothing)").contains("`account.nothing`"));
    assert!(refusal("account.name.length > 1").contains("`.length` is a field of nothing"));
}

#[test]
fn ntf_2_a_filter_whose_types_do_not_fit_is_refused() {
    for (source, said) in [
        ("account.mrr", "must say yes or no"),
        ("account.mrr == '1'", "`==` does not work on int and string"),
        ("account.name > 1", "`>` does not work on string and int"),
        (
            "account.name && true",
            "`&&` does not work on string and bool",
        ),
        ("account.tier in [1, 2]", "`in` does not work"),
        (
            "account.name.matches('x')",
            "calls `matches`; there are: has",
        ),
        (
            "account.mrr.contains('x')",
            "`contains` does not work on int",
        ),
        ("b'x' == b'x'", "bytes"),
        ("[1, 'x'] == [1, 'x']", "different types"),
        ("{'a': 1} == {'a': 1}", "a map"),
        (
            "account.days_to_renewal < 90",
            "write `has(account.days_to_renewal) && …`",
        ),
    ] {
        let found = refusal(source);
        assert!(found.contains(said), "{source}: {found}");
    }
}

/// Loops within loops, and texts that double: what does not end, or not while anybody waits.
#[test]
fn ntf_2_a_filter_that_may_take_too_long_is_refused() {
    let ten = "[1,2,3,4,5,6,7,8,9,10]";
    let nested = format!("{ten}.all(a, {ten}.all(b, {ten}.all(c, {ten}.all(d, a+b+c+d > 0))))");
    assert!(
        refusal(&nested).contains("a macro within another"),
        "{nested}"
    );
    let doubling = "['x'].map(a, a + a).map(a, a + a).map(a, a + a).size() > 0";
    assert!(refusal(doubling).contains("`map` or `filter`"));
    let wide: Vec<&str> = std::iter::repeat_n("1", 200).collect();
    let long: Vec<&str> = std::iter::repeat_n("n", 100).collect();
    let many = format!("[{}].all(n, {} > 0)", wide.join(","), long.join("+"));
    assert!(refusal(&many).contains("10000 steps"), "{}", refusal(&many));
    let deep = format!("{}true{}", "(".repeat(400), ")".repeat(400));
    assert!(refusal(&deep).contains("nested 400 deep"));
    let nots = format!("{}true", "!".repeat(900));
    let minus = format!("{}1 > 0", "-".repeat(900));
    let chain = format!("true{}", " ? true : false".repeat(60));
    for source in [nots, minus, chain] {
        // Whether it is taken or not, it is answered at once.
        let began = Instant::now();
        drop(Filter::read(&source, OPENED).map(|filter| filter.passes(&values())));
        assert!(began.elapsed() < Duration::from_secs(5), "{source}");
    }
    assert!(refusal(&"true||".repeat(300)).contains("longer than 1000 bytes"));
}

/// The worst that is taken: as many steps as there may be, and the longest texts.
#[test]
fn ntf_2_the_longest_filter_that_is_taken_ends_at_once() {
    let mut values = values();
    values.text("account.name", &"あ".repeat(10_000));
    let names = vec!["account.name"; 25].join("+");
    let items = vec!["''"; 90].join(",");
    let source = format!("[{items}].all(n, ({names}+n).contains({names}+n))");
    let filter = Filter::read(&source, OPENED).unwrap();
    let began = Instant::now();
    assert_eq!(filter.passes(&values), Ok(true));
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn ntf_2_what_only_a_fact_shows_is_a_problem_and_no_answer() {
    let mut values = values();
    values.money("account.mrr", keizoku_core::Money::ZERO);
    let filter = Filter::read("100 / account.mrr > 2", OPENED).unwrap();
    let said = filter.passes(&values).unwrap_err().to_string();
    assert!(said.to_lowercase().contains("zero"), "{said}");
    let filter = Filter::read("int(account.name) > 2", OPENED).unwrap();
    assert!(filter.passes(&values).is_err());
    let either = "has(account.days_to_renewal) || account.days_to_renewal > 2";
    let filter = Filter::read(either, OPENED).unwrap();
    assert!(filter.passes(&Values::default()).is_err());
}

/// Whatever people are told about, they can have rules for.
#[test]
fn ntf_2_every_trigger_can_have_rules() {
    for trigger in (0..100).filter_map(|number| Trigger::try_from(number).ok()) {
        let is_for_rules = !matches!(trigger, Trigger::Unspecified | Trigger::Test);
        assert_eq!(
            fields::TRIGGERS.contains(&trigger),
            is_for_rules,
            "{trigger:?}"
        );
        assert_eq!(fields::of(trigger).is_empty(), !is_for_rules, "{trigger:?}");
    }
}

/// Every field of every trigger can be named, and has the type that is documented.
#[test]
fn ntf_2_every_documented_field_can_be_named() {
    use keizoku_proto::notification::FieldType;
    for trigger in fields::TRIGGERS {
        for field in fields::of(*trigger) {
            let name = field.name;
            let value = match field.kind {
                FieldType::Number | FieldType::Money => "1",
                FieldType::Flag => "true",
                _ => "'x'",
            };
            let source = format!("has({name}) && {name} == {value}");
            Filter::read(&source, *trigger).unwrap();
        }
    }
}

proptest! {
    /// Whatever somebody types is answered, and whatever is taken says yes, no or why not.
    #[test]
    fn ntf_2_any_text_is_answered(source in r"[a-z_.\[\](){}<>=&|!+*/%,:?'0-9 ]{0,60}") {
        if let Ok(filter) = Filter::read(&source, OPENED) {
            drop(filter.passes(&values()));
        }
    }
}
