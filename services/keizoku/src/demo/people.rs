//! People: who works with Keizoku, and what people are called.

use super::chance::Chance;

/// A team of the organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Team {
    pub(super) name: &'static str,
    pub(super) branch: &'static str,
    pub(super) slack_channel: &'static str,
}

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Job {
    Csm,
    Specialist,
    Operations,
    Sales,
}

/// Somebody who works with Keizoku.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    /// Id in the demo: `person-3`.
    pub(super) key: String,
    pub(super) name: String,
    pub(super) email: String,
    /// Place in [`TEAMS`].
    pub(super) team: usize,
    pub(super) job: Job,
    /// Has left; what they looked after waits for somebody else.
    pub(super) has_left: bool,
}

/// Everybody belongs to one of them, and all of them to the first.
pub(super) const TEAMS: [Team; 6] = [
    team("カスタマーサクセス部", "本社", "#cs"),
    team("エンタープライズCS", "本社", "#cs-enterprise"),
    team("東日本CS", "東京", "#cs-east"),
    team("西日本CS", "大阪", "#cs-west"),
    team("テックタッチCS", "本社", "#cs-tech"),
    team("オンボーディングチーム", "本社", "#cs-onboarding"),
];

/// Teams whose people look after customers each on their own.
const WITH_OWNERS: [usize; 3] = [1, 2, 3];
/// The team that looks after small customers together.
pub(super) const POOL: usize = 4;
const ONBOARDING: usize = 5;
/// Customers that one CSM looks after.
const CUSTOMERS_OF_CSM: usize = 25;

const FAMILY_NAMES: [(&str, &str); 32] = [
    ("佐藤", "sato"),
    ("鈴木", "suzuki"),
    ("高橋", "takahashi"),
    ("田中", "tanaka"),
    ("伊藤", "ito"),
    ("渡辺", "watanabe"),
    ("山本", "yamamoto"),
    ("中村", "nakamura"),
    ("小林", "kobayashi"),
    ("加藤", "kato"),
    ("吉田", "yoshida"),
    ("山田", "yamada"),
    ("佐々木", "sasaki"),
    ("山口", "yamaguchi"),
    ("松本", "matsumoto"),
    ("井上", "inoue"),
    ("木村", "kimura"),
    ("林", "hayashi"),
    ("斎藤", "saito"),
    ("清水", "shimizu"),
    ("山崎", "yamazaki"),
    ("森", "mori"),
    ("池田", "ikeda"),
    ("橋本", "hashimoto"),
    ("阿部", "abe"),
    ("石川", "ishikawa"),
    ("前田", "maeda"),
    ("藤田", "fujita"),
    ("小川", "ogawa"),
    ("岡田", "okada"),
    ("後藤", "goto"),
    ("長谷川", "hasegawa"),
];

const GIVEN_NAMES: [(&str, &str); 24] = [
    ("翔太", "shota"),
    ("健一", "kenichi"),
    ("大輔", "daisuke"),
    ("直樹", "naoki"),
    ("拓也", "takuya"),
    ("誠", "makoto"),
    ("陽介", "yosuke"),
    ("和也", "kazuya"),
    ("美咲", "misaki"),
    ("彩", "aya"),
    ("恵", "megumi"),
    ("由美", "yumi"),
    ("真理子", "mariko"),
    ("優子", "yuko"),
    ("愛", "ai"),
    ("香織", "kaori"),
    ("智子", "tomoko"),
    ("裕子", "hiroko"),
    ("亮", "ryo"),
    ("浩二", "koji"),
    ("千尋", "chihiro"),
    ("遥", "haruka"),
    ("蓮", "ren"),
    ("結衣", "yui"),
];

const fn team(name: &'static str, branch: &'static str, slack_channel: &'static str) -> Team {
    Team {
        name,
        branch,
        slack_channel,
    }
}

/// A name, and how an address has it.
pub(super) fn name(chance: &mut Chance) -> (String, String) {
    let (family, family_latin) = chance.pick(&FAMILY_NAMES);
    let (given, given_latin) = chance.pick(&GIVEN_NAMES);
    (
        format!("{family} {given}"),
        format!("{given_latin}.{family_latin}"),
    )
}

/// The people that so many customers need. One of the CSMs has left.
pub(super) fn staff(seed: u64, customers: usize) -> Vec<Person> {
    let csms = customers.div_ceil(CUSTOMERS_OF_CSM).max(4);
    let mut jobs = vec![(Job::Operations, 0)];
    jobs.extend((0..csms).map(|n| (Job::Csm, WITH_OWNERS[n % WITH_OWNERS.len()])));
    jobs.extend((0..customers.div_ceil(200)).map(|_| (Job::Specialist, ONBOARDING)));
    jobs.extend((0..customers.div_ceil(150).max(2)).map(|_| (Job::Sales, 0)));
    let last_csm = csms;
    let person = |(number, (job, team)): (usize, (Job, usize))| {
        let mut chance = Chance::of(seed, "person", number as u64);
        let (name, address) = name(&mut chance);
        Person {
            key: format!("person-{number}"),
            name,
            email: format!("{address}.{number}@keizoku.example"),
            team,
            job,
            has_left: number == last_csm,
        }
    };
    jobs.into_iter().enumerate().map(person).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_people_for_every_job_and_one_csm_has_left() {
        for customers in [1, 60, 1_000] {
            let staff = staff(7, customers);
            for job in [Job::Csm, Job::Specialist, Job::Operations, Job::Sales] {
                assert!(staff.iter().any(|person| person.job == job), "{job:?}");
            }
            let left: Vec<_> = staff.iter().filter(|person| person.has_left).collect();
            assert_eq!(left.len(), 1);
            assert_eq!(left[0].job, Job::Csm);
            let mut emails: Vec<_> = staff.iter().map(|person| &person.email).collect();
            emails.dedup();
            assert_eq!(emails.len(), staff.len());
        }
    }
}
