//! Who the customers are: names with readings, corporate numbers, groups, tiers, and their people.

use keizoku_proto::accounts::{ContactRole, TouchModel};

use super::chance::Chance;
use super::people::{self, Job, Person};

/// How large a customer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tier {
    Enterprise,
    Mid,
    Smb,
}

/// Who looks after a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// Place of a person.
    Person(usize),
    /// The team for small customers.
    Pool,
}

/// A customer company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Company {
    pub(super) name: String,
    pub(super) kana: String,
    pub(super) corporate_number: String,
    /// Empty where it belongs to none.
    pub(super) group: String,
    pub(super) tier: Tier,
    pub(super) touch: TouchModel,
    pub(super) industry: &'static str,
    pub(super) region: &'static str,
    pub(super) channel: &'static str,
    pub(super) owner: Owner,
    /// Places of people.
    pub(super) associate: Option<usize>,
    pub(super) specialist: Option<usize>,
    pub(super) salesperson: Option<usize>,
    pub(super) contacts: Vec<Contact>,
}

/// Somebody at a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contact {
    pub(super) name: String,
    pub(super) title: &'static str,
    pub(super) email: String,
    pub(super) phone: String,
    pub(super) role: ContactRole,
}

impl Tier {
    /// Key in the catalogue.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Enterprise => "Enterprise",
            Self::Mid => "Mid",
            Self::Smb => "SMB",
        }
    }
}

const STEMS: [(&str, &str); 36] = [
    ("緑川", "ミドリカワ"),
    ("東雲", "シノノメ"),
    ("白鳥", "シラトリ"),
    ("若松", "ワカマツ"),
    ("桜井", "サクライ"),
    ("富士見", "フジミ"),
    ("青葉", "アオバ"),
    ("朝日丘", "アサヒガオカ"),
    ("大和田", "オオワダ"),
    ("北斗", "ホクト"),
    ("葵", "アオイ"),
    ("千歳", "チトセ"),
    ("八雲", "ヤクモ"),
    ("松風", "マツカゼ"),
    ("瑞穂野", "ミズホノ"),
    ("銀嶺", "ギンレイ"),
    ("竹内", "タケウチ"),
    ("三日月", "ミカヅキ"),
    ("清流", "セイリュウ"),
    ("日向", "ヒナタ"),
    ("常盤", "トキワ"),
    ("金沢屋", "カナザワヤ"),
    ("海野", "ウンノ"),
    ("渚", "ナギサ"),
    ("橘", "タチバナ"),
    ("雪村", "ユキムラ"),
    ("石橋", "イシバシ"),
    ("花園", "ハナゾノ"),
    ("鳴海", "ナルミ"),
    ("星野", "ホシノ"),
    ("椿", "ツバキ"),
    ("春日", "カスガ"),
    ("高峰", "タカミネ"),
    ("梅原", "ウメハラ"),
    ("琴平", "コトヒラ"),
    ("笹川", "ササガワ"),
];

/// What a company does: the end of its name, its reading, its industry.
const TRADES: [(&str, &str, &str); 24] = [
    ("印刷", "インサツ", "製造"),
    ("精機", "セイキ", "製造"),
    ("食品", "ショクヒン", "食品"),
    ("製菓", "セイカ", "食品"),
    ("建設", "ケンセツ", "建設"),
    ("工務店", "コウムテン", "建設"),
    ("運輸", "ウンユ", "運輸・物流"),
    ("倉庫", "ソウコ", "運輸・物流"),
    ("商事", "ショウジ", "卸売"),
    ("産業", "サンギョウ", "卸売"),
    ("百貨店", "ヒャッカテン", "小売"),
    ("薬局", "ヤッキョク", "小売"),
    ("ホテル", "ホテル", "宿泊・飲食"),
    ("フーズ", "フーズ", "宿泊・飲食"),
    ("病院", "ビョウイン", "医療・福祉"),
    ("ケアサービス", "ケアサービス", "医療・福祉"),
    ("システム", "システム", "情報通信"),
    ("ソフト", "ソフト", "情報通信"),
    ("信用金庫", "シンヨウキンコ", "金融"),
    ("リース", "リース", "金融"),
    ("不動産", "フドウサン", "不動産"),
    ("電機", "デンキ", "製造"),
    ("化学", "カガク", "製造"),
    ("学園", "ガクエン", "教育"),
];

/// A town before the name: there are more companies than names.
const TOWNS: [(&str, &str); 16] = [
    ("", ""),
    ("札幌", "サッポロ"),
    ("仙台", "センダイ"),
    ("新潟", "ニイガタ"),
    ("千葉", "チバ"),
    ("横浜", "ヨコハマ"),
    ("静岡", "シズオカ"),
    ("名古屋", "ナゴヤ"),
    ("京都", "キョウト"),
    ("神戸", "コウベ"),
    ("岡山", "オカヤマ"),
    ("広島", "ヒロシマ"),
    ("高松", "タカマツ"),
    ("福岡", "フクオカ"),
    ("熊本", "クマモト"),
    ("那覇", "ナハ"),
];

const REGIONS: [(&str, i64); 7] = [
    ("関東", 40),
    ("関西", 22),
    ("中部", 14),
    ("九州", 9),
    ("東北", 6),
    ("中国・四国", 6),
    ("北海道", 3),
];

const CHANNELS: [(&str, i64); 4] = [
    ("direct", 70),
    ("partner:サクラ商会", 14),
    ("partner:みらいITパートナーズ", 10),
    ("partner:東和システム販売", 6),
];

/// Customers in a row of which the first few may form a group.
const ROW: usize = 12;
const LARGEST_GROUP: usize = 3;

/// The `number`-th customer.
pub(super) fn company(seed: u64, number: usize, staff: &[Person]) -> Company {
    let mut chance = Chance::of(seed, "company", number as u64);
    let tier = chance.weighed(&[(Tier::Enterprise, 15), (Tier::Mid, 45), (Tier::Smb, 40)]);
    let touch = match tier {
        Tier::Enterprise => TouchModel::High,
        Tier::Mid => chance.weighed(&[(TouchModel::High, 1), (TouchModel::Mid, 4)]),
        Tier::Smb => chance.weighed(&[(TouchModel::Low, 3), (TouchModel::Tech, 2)]),
    };
    let grouped = group_of(seed, number);
    let (name, kana, industry) = called(seed, number, grouped);
    let (region, channel) = (chance.weighed(&REGIONS), chance.weighed(&CHANNELS));
    let one = |chance: &mut Chance, job: Job| {
        let able = staff
            .iter()
            .enumerate()
            .filter(|(_, person)| person.job == job);
        let places: Vec<usize> = able.map(|(place, _)| place).collect();
        chance.pick(&places)
    };
    let is_pooled = matches!(touch, TouchModel::Low | TouchModel::Tech) && chance.in_hundred(70);
    let owner = if is_pooled {
        Owner::Pool
    } else {
        Owner::Person(one(&mut chance, Job::Csm))
    };
    let contacts = contacts(&mut chance, number, tier);
    Company {
        corporate_number: corporate_number(&mut chance),
        group: grouped.map_or_else(String::new, |stem| format!("{}グループ", STEMS[stem].0)),
        associate: (tier == Tier::Enterprise).then(|| one(&mut chance, Job::Csm)),
        specialist: (tier != Tier::Smb).then(|| one(&mut chance, Job::Specialist)),
        salesperson: Some(one(&mut chance, Job::Sales)),
        name,
        kana,
        tier,
        touch,
        industry,
        region,
        channel,
        owner,
        contacts,
    }
}

/// The stem of the group's name, where the customer belongs to one.
fn group_of(seed: u64, number: usize) -> Option<usize> {
    let mut chance = Chance::of(seed, "group", (number / ROW) as u64);
    let (exists, members) = (chance.in_hundred(60), chance.between(2, 3));
    let is_member = (number % ROW) < usize::try_from(members).unwrap_or(LARGEST_GROUP);
    // Two rows of the same name would be the same group.
    (exists && is_member && number / ROW < STEMS.len()).then_some(number / ROW)
}

/// Name, reading, industry: no two alike below some ten thousands.
fn called(seed: u64, number: usize, group: Option<usize>) -> (String, String, &'static str) {
    let combinations = STEMS.len() * TRADES.len();
    // A step without a common divisor goes through all of them; the seed says where it begins.
    let offset = usize::try_from(seed % 800).unwrap_or_default();
    let place = (number * 185 + offset) % combinations;
    let (stem, trade) = (group.unwrap_or(place / TRADES.len()), place % TRADES.len());
    let town = TOWNS[(number / combinations) % TOWNS.len()];
    let ((stem, stem_kana), (trade, trade_kana, industry)) = (STEMS[stem], TRADES[trade]);
    let name = format!("{}{stem}{trade}", town.0);
    let name = if number.is_multiple_of(3) {
        format!("株式会社{name}")
    } else {
        format!("{name}株式会社")
    };
    (name, format!("{}{stem_kana}{trade_kana}", town.1), industry)
}

/// 13 digits, the first of which checks the others.
pub(super) fn corporate_number(chance: &mut Chance) -> String {
    // Companies begin with 0, the office that registered them, and 01.
    let digits = format!(
        "{:04}01{:06}",
        chance.between(100, 4_999),
        chance.between(1, 999_999)
    );
    format!("{}{digits}", check_digit(&digits))
}

/// 9 − (the digits from the right, weighed 1 and 2 in turn, modulo 9).
fn check_digit(digits: &str) -> u32 {
    let weights = [1, 2].into_iter().cycle();
    let digits = digits.chars().rev().filter_map(|digit| digit.to_digit(10));
    9 - digits
        .zip(weights)
        .map(|(digit, weight)| digit * weight)
        .sum::<u32>()
        % 9
}

fn contacts(chance: &mut Chance, number: usize, tier: Tier) -> Vec<Contact> {
    let titles: &[(ContactRole, &[&'static str])] = &[
        (
            ContactRole::DecisionMaker,
            &["人事部長", "取締役管理本部長", "代表取締役", "総務部長"],
        ),
        (
            ContactRole::Administrator,
            &["人事課", "総務課 主任", "情報システム課", "経営企画室"],
        ),
        (
            ContactRole::User,
            &["営業部", "店舗運営部", "広報室", "製造部"],
        ),
    ];
    let count = if tier == Tier::Smb { 2 } else { 3 };
    let contact = |(place, (role, titles)): (usize, &(ContactRole, &[&'static str]))| {
        let (name, address) = people::name(chance);
        Contact {
            name,
            title: chance.pick(titles),
            email: format!("{address}.{place}@customer-{number}.example"),
            phone: format!("03-0000-{:04}", chance.between(0, 9_999)),
            role: *role,
        }
    };
    titles.iter().take(count).enumerate().map(contact).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn companies(seed: u64, count: usize) -> Vec<Company> {
        let staff = people::staff(seed, count);
        (0..count)
            .map(|number| company(seed, number, &staff))
            .collect()
    }

    #[test]
    fn the_same_seed_makes_the_same_companies_and_another_others() {
        assert_eq!(companies(7, 50), companies(7, 50));
        assert_ne!(companies(7, 50), companies(8, 50));
    }

    #[test]
    fn acc_1_check_digits_are_those_of_the_tax_agency() {
        // The National Tax Agency's own number, and that of the Digital Agency.
        assert_eq!(check_digit("000012050002"), 7);
        assert_eq!(check_digit("000012010038"), 8);
        let mut chance = Chance::of(1, "numbers", 0);
        let numbers: HashSet<_> = (0..500).map(|_| corporate_number(&mut chance)).collect();
        assert!(numbers.iter().all(|number| number.len() == 13));
        assert!(numbers.len() > 490);
    }

    #[test]
    fn names_differ_groups_have_members_and_tiers_are_mixed() {
        let companies = companies(7, 2_000);
        let names: HashSet<_> = companies.iter().map(|one| &one.name).collect();
        assert!(names.len() > 1_900, "{}", names.len());
        let grouped = companies.iter().filter(|one| !one.group.is_empty());
        let mut groups: Vec<_> = grouped.map(|one| &one.group).collect();
        let members = groups.len();
        groups.dedup();
        assert!(
            groups.len() > 10 && members >= groups.len() * 2,
            "{members}"
        );
        for (tier, range) in [
            (Tier::Enterprise, 200..400),
            (Tier::Mid, 800..1_000),
            (Tier::Smb, 700..900),
        ] {
            let count = companies.iter().filter(|one| one.tier == tier).count();
            assert!(range.contains(&count), "{tier:?}: {count}");
        }
        let pooled = companies.iter().filter(|one| one.owner == Owner::Pool);
        assert!(pooled.clone().count() > 400);
        assert!(pooled.clone().all(|one| one.tier == Tier::Smb));
    }
}
