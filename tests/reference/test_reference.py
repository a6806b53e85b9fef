"""Tests of the reference itself: python3 -m unittest, in this directory."""

import json
import subprocess
import sys
import tempfile
import unittest
from datetime import date, datetime, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import generate_export  # noqa: E402
import reference  # noqa: E402
from reference import Account, Business, MrrFact, Risk, Subscription, View, forecast, ppm  # noqa: E402

SAMPLE = HERE.parent / "data" / "salesforce-export"
TODAY = date(2026, 11, 22)
EVERYTHING = {"with_opportunities": True, "all_scenarios": True, "all_impacts": True}
LEADS, UNKNOWN = "LEADS_TO_CHURN", "UNKNOWN_AT_PRESENT"


class TheSample(unittest.TestCase):
    def test_answer_equals_expected_json(self):
        expected = json.loads((SAMPLE / "expected.json").read_text("utf-8"))
        self.maxDiff = None
        self.assertEqual(reference.answer(SAMPLE, TODAY), expected)

    def test_command_line_prints_the_same_text(self):
        command = [sys.executable, HERE / "reference.py", SAMPLE, "--today", TODAY.isoformat()]
        printed = subprocess.run(command, capture_output=True, check=True).stdout
        self.assertEqual(printed.decode("utf-8"), (SAMPLE / "expected.json").read_text("utf-8"))

    def test_flags_only_add(self):
        plain, more = reference.answer(SAMPLE, TODAY), reference.answer(SAMPLE, TODAY, **EVERYTHING)
        self.assertEqual(more["import"].pop("Opportunity.csv")["imported"], 564)
        del more["forecast"]["LEADS_TO_CHURN_AND_UNKNOWN"]
        self.assertEqual(len(more["impact_ppm_sample"]), more["open_risks"])
        self.assertLessEqual(plain.pop("impact_ppm_sample").items(), more.pop("impact_ppm_sample").items())
        self.assertEqual(more, plain)


def worked_example():
    """The tables of the worked forecast, row by row."""
    rows = [
        ("A1", "G1", "East", 300_000, date(2026, 12, 31)),
        ("A2", "G1", "East", 200_000, date(2027, 3, 31)),
        ("A3", "A3", "West", 500_000, date(2026, 12, 15)),
        ("A4", "A4", "West", 1_000_000, date(2027, 3, 31)),
        ("A5", "A5", "East", 400_000, date(2026, 10, 31)),
        ("A6", "A6", "West", 100_000, None),
        ("A7", "A7", "West", 2_500_000, date(2027, 6, 30)),
    ]
    start = date(2025, 4, 1)
    accounts = {name: Account(name, group, team) for name, group, team, _, _ in rows}
    subscriptions = [Subscription(name, start, [MrrFact(start, mrr)], renewal) for name, _, _, mrr, renewal in rows]
    risks = [
        Risk("R1", "A1", LEADS),
        Risk("R2", "A1", LEADS),
        Risk("R3", "A2", LEADS),
        Risk("R4", "A3", UNKNOWN),
        Risk("R5", "A4", LEADS),
        Risk("R6", "A5", LEADS),
        Risk("R7", "A6", LEADS),
        Risk("R8", "A7", LEADS, completion="COMPLETED"),
    ]
    return Business(accounts, subscriptions, risks)


def mrr_and_ppm(buckets):
    return {bucket: (figures["mrr"], figures["ppm"]) for bucket, figures in buckets.items()}


class TheWorkedForecast(unittest.TestCase):
    """RISK-2 and FC-1 to FC-5, each change alone, from the same state."""

    def setUp(self):
        self.business = worked_example()

    def view(self, on=TODAY, known_at=None):
        return View(self.business, on, known_at)

    def risk(self, name):
        return next(risk for risk in self.business.risks if risk.id == name)

    def assert_total(self, basis, mrr, parts_per_million):
        buckets = forecast(self.view(), basis=basis)
        self.assertEqual(sum(figures["mrr"] for figures in buckets.values()), mrr)
        self.assertEqual(ppm(mrr, self.view().opening_mrr), parts_per_million)

    def expand_a1(self, effective, recorded_at=None):
        fact = MrrFact(effective, 400_000, *([recorded_at] if recorded_at else []))
        self.business.subscriptions[0].facts.append(fact)

    def test_opening_mrr(self):
        self.assertEqual(self.view().opening_mrr, 5_000_000)

    def test_risk_2_impact(self):
        self.assertEqual(self.view().group_mrr_impact(self.risk("R1")), 100_000)

    def test_fc_1_at_risk_accounts(self):
        self.assertEqual(self.view().at_risk_accounts({LEADS}), {"A1", "A2", "A4", "A5", "A6"})

    def test_fc_2_basis_account(self):
        self.assertEqual(
            forecast(self.view()),
            {
                "OVERDUE": {"count": 1, "mrr": 400_000, "ppm": 80_000},
                "2026-12": {"count": 1, "mrr": 300_000, "ppm": 60_000},
                "2027-03": {"count": 2, "mrr": 1_200_000, "ppm": 240_000},
                "UNKNOWN": {"count": 1, "mrr": 100_000, "ppm": 20_000},
            },
        )
        self.assert_total("ACCOUNT", 2_000_000, 400_000)

    def test_fc_3_basis_group(self):
        self.assertEqual(
            forecast(self.view(), basis="GROUP"),
            {
                "OVERDUE": {"count": 1, "mrr": 400_000, "ppm": 80_000},
                "2026-12": {"count": 1, "mrr": 500_000, "ppm": 100_000},
                "2027-03": {"count": 1, "mrr": 1_000_000, "ppm": 200_000},
                "UNKNOWN": {"count": 1, "mrr": 100_000, "ppm": 20_000},
            },
        )
        self.assert_total("GROUP", 2_000_000, 400_000)

    def test_fc_4_team_filter_keeps_the_denominator(self):
        self.assertEqual(
            mrr_and_ppm(forecast(self.view(), team="East")),
            {"OVERDUE": (400_000, 80_000), "2026-12": (300_000, 60_000), "2027-03": (200_000, 40_000)},
        )

    def test_a_risk_that_becomes_leads_to_churn(self):
        self.risk("R4").flag = LEADS
        self.assertEqual(mrr_and_ppm(forecast(self.view()))["2026-12"], (800_000, 160_000))

    def test_a_closed_risk_takes_the_account_out_but_not_its_group(self):
        self.risk("R3").completion = "COMPLETED"
        self.assert_total("ACCOUNT", 1_800_000, 360_000)
        self.assert_total("GROUP", 2_000_000, 400_000)

    def test_an_expansion_of_this_month(self):
        now = datetime(2026, 11, 22, 3, tzinfo=timezone.utc)
        before = datetime(2026, 11, 21, 3, tzinfo=timezone.utc)
        self.expand_a1(date(2026, 11, 10), recorded_at=now)
        self.assertEqual(mrr_and_ppm(forecast(self.view()))["2026-12"], (400_000, 80_000))
        self.assertEqual(self.view().opening_mrr, 5_000_000)
        self.assertEqual(mrr_and_ppm(forecast(self.view(known_at=before)))["2026-12"], (300_000, 60_000))

    def test_an_expansion_of_last_month_changes_the_denominator(self):
        self.expand_a1(date(2026, 10, 20))
        self.assertEqual(self.view().opening_mrr, 5_100_000)
        self.assertEqual(mrr_and_ppm(forecast(self.view()))["2026-12"], (400_000, 78_431))

    def test_asked_for_another_day(self):
        self.risk("R4").flag = LEADS
        self.expand_a1(date(2026, 11, 10))
        view = self.view(on=date(2026, 12, 1))
        self.assertEqual(view.opening_mrr, 5_100_000)
        self.assertEqual(mrr_and_ppm(forecast(view))["2026-12"][0], 900_000)
        self.assertEqual(mrr_and_ppm(forecast(view))["OVERDUE"][0], 400_000)

    def test_adding_up_raw_impacts_is_wrong(self):
        open_leads = [risk for risk in self.view().open_risks() if risk.flag == LEADS]
        self.assertEqual(sum(self.view().group_mrr_impact(risk) for risk in open_leads), 600_000)


class AnnouncedCancellations(unittest.TestCase):
    """FC-5, on the worked example with announced ends."""

    def setUp(self):
        self.business = worked_example()

    def buckets(self, scenario=LEADS, basis="ACCOUNT"):
        return mrr_and_ppm(forecast(View(self.business, TODAY), scenario, basis))

    def add_part(self, account_id, mrr, end, renewal=None):
        start = date(2026, 11, 2)  # after the opening of the month: the denominator stays 5,000,000
        self.business.subscriptions.append(Subscription(account_id, start, [MrrFact(start, mrr)], renewal, end))

    def test_each_yen_once(self):
        self.add_part("A1", 50_000, date(2027, 1, 31))
        self.assertEqual(self.buckets("ANNOUNCED"), {"2027-01": (50_000, 10_000)})
        self.assertEqual(self.buckets()["2027-01"], (50_000, 10_000))
        self.assertEqual(self.buckets()["2026-12"], (300_000, 60_000))

    def test_the_rest_renews_by_its_own_subscriptions(self):
        self.add_part("A1", 50_000, date(2027, 1, 31), renewal=date(2026, 11, 30))
        self.assertEqual(self.buckets()["2026-12"], (300_000, 60_000))

    def test_two_parts_of_one_account_in_one_bucket_count_once(self):
        self.add_part("A1", 50_000, date(2026, 12, 1))
        self.add_part("A1", 20_000, date(2026, 12, 31))
        december = forecast(View(self.business, TODAY))["2026-12"]
        self.assertEqual(december, {"count": 1, "mrr": 370_000, "ppm": 74_000})

    def test_a_group_at_risk_counts_whole_where_the_first_member_leaves(self):
        self.business.risks = [Risk("R1", "A1", LEADS)]
        self.add_part("A2", 50_000, date(2026, 11, 30))
        self.assertEqual(self.buckets(basis="GROUP"), {"2026-11": (550_000, 110_000)})

    def test_announced_parts_of_other_groups_count_as_on_account(self):
        self.business.risks = [Risk("R4", "A3", LEADS)]
        self.add_part("A2", 50_000, date(2026, 11, 30))
        self.assertEqual(self.buckets(basis="GROUP"), {"2026-11": (50_000, 10_000), "2026-12": (500_000, 100_000)})

    def test_announced_alone_is_the_same_on_both_bases(self):
        self.add_part("A2", 50_000, date(2026, 11, 30))
        self.assertEqual(self.buckets("ANNOUNCED", "GROUP"), self.buckets("ANNOUNCED", "ACCOUNT"))

    def test_unknown_at_present_adds_the_rest_of_its_accounts(self):
        self.assertEqual(self.buckets("LEADS_TO_CHURN_AND_UNKNOWN")["2026-12"], (800_000, 160_000))

    def test_an_end_today_is_no_announcement(self):
        self.add_part("A7", 50_000, TODAY)
        self.assertEqual(self.buckets("ANNOUNCED"), {})


class Values(unittest.TestCase):
    def assert_refused(self, parse, texts):
        for text in texts:
            with self.subTest(text), self.assertRaisesRegex(reference.Rejected, "^no$"):
                parse(text, "no")

    def test_gen_4_ppm_is_rounded_half_to_even_once(self):
        halves = [(1, 2_000_000, 0), (3, 2_000_000, 2), (5, 2_000_000, 2), (7, 2_000_000, 4)]
        for numerator, denominator, expected in halves + [(1, 3, 333_333), (2, 3, 666_667)]:
            self.assertEqual(ppm(numerator, denominator), expected)
        self.assertIsNone(ppm(1, 0))

    def test_amounts(self):
        good = {"0": 0, "0.00": 0, "1,234,567": 1234567, "1200.00": 1200, "１２３４": 1234, "１，２３４．００": 1234}
        for text, amount in good.items():
            self.assertEqual(reference.parse_amount(text, "no"), amount)
        self.assertEqual(reference.parse_amount("1000000000000", "no"), 10**12)
        bad = generate_export.BAD_AMOUNTS + generate_export.UNDECIDED_AMOUNTS + ["", "1000000000001"]
        self.assert_refused(reference.parse_amount, bad)

    def test_dates(self):
        for text in ["2026-01-02", "2026/1/2", "2026/01/02", "2026/1/02"]:
            self.assertEqual(reference.parse_date(text, "no"), date(2026, 1, 2))
        self.assertEqual(reference.parse_date("2024/2/29", "no"), date(2024, 2, 29))
        self.assert_refused(reference.parse_date, generate_export.BAD_DATES + generate_export.UNDECIDED_DATES + [""])

    def test_acc_1_corporate_numbers(self):
        for number in ["5835678256246", "9829624728981", "６９１０１３４０１０５９３"]:
            self.assertTrue(reference.is_corporate_number(number), number)
        for number in ["6835678256246", "583567825624", "58356782562460", "T835678256246", "583567825624六"]:
            self.assertFalse(reference.is_corporate_number(number), number)


class Files(unittest.TestCase):
    def rows(self, data):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "file.csv"
            path.write_bytes(data)
            return [(row.line, row.values) for row in reference.read_rows(path)]

    def test_line_is_where_the_record_starts(self):
        text = 'Id,Note\r\n1,"a\r\nb, ""c""\nd"\r\n\r\n2,e\r\n3\r\n'
        self.assertEqual(
            self.rows(text.encode()),
            [(2, {"Id": "1", "Note": 'a\r\nb, "c"\nd'}), (6, {"Id": "2", "Note": "e"}), (7, None)],
        )

    def test_encodings_and_line_ends_give_the_same_rows(self):
        text = 'Id,Note\n1,表示ソ\n2,"髙島\n㈱～"'
        expected = [(2, {"Id": "1", "Note": "表示ソ"}), (3, {"Id": "2", "Note": "髙島\n㈱～"})]
        for encoding in ["utf-8", "utf-8-sig", "cp932"]:
            self.assertEqual(self.rows(text.encode(encoding)), expected)
        self.assertEqual([line for line, _ in self.rows(text.replace("\n", "\r\n").encode())], [2, 3])


class GeneratedExports(unittest.TestCase):
    REASONS = {
        "User.csv": {"duplicate_id"},
        "Account.csv": {
            "deleted", "duplicate_id", "name_missing", "corporate_number_invalid", "owner_unknown", "parent_unknown",
            "parent_cycle",
        },
        "Subscription__c.csv": {
            "account_deleted", "duplicate_id", "account_unknown", "currency_unsupported", "mrr_invalid",
            "date_invalid", "end_date_missing", "end_before_start",
        },
        "Risk__c.csv": {
            "account_deleted", "duplicate_id", "account_unknown", "leads_to_churn_invalid", "completion_invalid",
            "result_missing", "completed_date_missing",
        },
        "Opportunity.csv": {
            "account_deleted", "duplicate_id", "account_unknown", "amount_invalid", "date_invalid",
        },
    }  # fmt: skip

    def generate(self, seed=1, accounts=60, **more):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        generate_export.write_export(directory.name, seed, accounts, TODAY, **more)
        return Path(directory.name)

    def contents(self, directory):
        return {path.name: path.read_bytes() for path in directory.iterdir()}

    def answer(self, directory):
        return reference.answer(directory, TODAY, **EVERYTHING)

    def test_the_same_arguments_give_the_same_bytes(self):
        first = self.contents(self.generate())
        self.assertEqual(set(first), set(generate_export.COLUMNS))
        self.assertEqual(self.contents(self.generate()), first)
        self.assertNotEqual(self.contents(self.generate(seed=2)), first)

    def test_a_new_process_gives_the_same_bytes(self):
        here, elsewhere = self.generate(), self.generate(seed=2)
        command = [sys.executable, HERE / "generate_export.py", "--seed", "1", "--accounts", "60"]
        command += ["--today", TODAY.isoformat(), "--out", elsewhere]
        subprocess.run(command, check=True)
        self.assertEqual(self.contents(elsewhere), self.contents(here))

    def test_encoding_and_line_ending_do_not_change_the_answer(self):
        expected = self.answer(self.generate())
        for encoding in ["utf-8", "utf-8-sig", "cp932"]:
            for line_ending in ["\r\n", "\n"]:
                written = self.generate(encoding=encoding, line_ending=line_ending)
                self.assertEqual(self.answer(written), expected)

    def test_every_reason_occurs(self):
        for accounts in [1, 1000]:
            files = self.answer(self.generate(accounts=accounts))["import"]
            found = {name: {reason for _, reason in f["skipped"] + f["rejected"]} for name, f in files.items()}
            self.assertEqual(found, self.REASONS)

    def test_every_row_is_imported_skipped_or_rejected_once(self):
        directory = self.generate()
        for name, report in self.answer(directory)["import"].items():
            lines = [row.line for row in reference.read_rows(directory / name)]
            left_out = [line for line, _ in report["skipped"] + report["rejected"]]
            self.assertEqual(report["imported"] + len(left_out), len(lines))
            self.assertLessEqual(set(left_out), set(lines))

    def test_small_and_undecided_exports_can_be_read(self):
        for seed in range(20):
            self.answer(self.generate(seed=seed, accounts=1))
            self.answer(self.generate(seed=seed, accounts=30, open_questions=True, encoding="cp932"))

    def test_figures_are_consistent(self):
        """Whatever the export: buckets of ACCOUNT are additive by team, and wider scenarios never hold less."""
        for seed in range(5):
            answer = self.answer(self.generate(seed=seed))
            total = {s: {b: sum(x["mrr"] for x in f.values()) for b, f in bases.items()}
                     for s, bases in answer["forecast"].items()}  # fmt: skip
            by_team = sum(x["mrr"] for team in answer["forecast_by_team"].values() for x in team.values())
            self.assertEqual(by_team, total[LEADS]["ACCOUNT"])
            for basis in reference.BASES:
                by_scenario = [total[scenario][basis] for scenario in reference.SCENARIOS]
                self.assertEqual(by_scenario, sorted(by_scenario))
                self.assertLessEqual(by_scenario[-1], answer["current_mrr"])
            for by_basis in total.values():
                self.assertLessEqual(by_basis["ACCOUNT"], by_basis["GROUP"])


if __name__ == "__main__":
    unittest.main()
