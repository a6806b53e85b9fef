#!/usr/bin/env python3
"""Writes a made-up CRM export, dirtier than a real one, of the five files that `reference.py` reads.

    python3 generate_export.py --seed N --accounts N --today YYYY-MM-DD --out DIR
        [--encoding utf-8|utf-8-sig|cp932] [--line-ending crlf|lf] [--open-questions]

The same arguments give the same bytes; encoding and line ending change the bytes, never the content. Every reason
for skipping or rejecting a row occurs in every file that has it, alone and together with others, so that the order
of causes matters. By default a row on its own is wrong or odd only in ways that the export's README names, except
for: ids that occur twice in any file, ends before starts, empty amounts and starts, unknown owners of risks, and
what hangs below or leads into rows that are rejected. `--open-questions` adds rows whose treatment no text decides.
How `reference.py` decides both is in its docstring.
"""

import argparse
import csv
import io
import random
from calendar import monthrange
from datetime import date, datetime, timedelta
from pathlib import Path

COLUMNS = {
    "User.csv": ["Id", "LastName", "FirstName", "Email", "IsActive", "UserRole", "SlackMemberId__c"],
    "Account.csv": [
        "Id", "Name", "ParentId", "OwnerId", "Industry", "BillingState", "CorporateNumber__c", "Tier__c",
        "TouchModel__c", "SalesChannel__c", "Description", "CreatedDate", "IsDeleted",
    ],
    "Subscription__c.csv": [
        "Id", "Account__c", "Product__c", "MRR__c", "CurrencyIsoCode", "StartDate__c", "NextRenewalDate__c",
        "Status__c", "EndDate__c", "CancelReason__c",
    ],
    "Risk__c.csv": [
        "Id", "Name", "Account__c", "OwnerId", "LeadsToChurn__c", "Type__c", "Detail__c", "NextActionDate__c",
        "NextActionDetail__c", "Remarks__c", "Completion__c", "CompletedDate__c", "Result__c", "CreatedDate",
    ],
    "Opportunity.csv": ["Id", "AccountId", "Name", "StageName", "CloseDate", "Amount", "OwnerId", "Product__c"],
}  # fmt: skip

TEAMS = ["Enterprise East", "Enterprise West", "SMB", "Kyushu", "Tokai", "CS Ops", "表示ソリューション課", "Mid, North"]
LAST_NAMES = ["佐々木", "木村", "林", "鈴木", "髙橋", "﨑山", "曽根", "能登", 'O"Brien']
FIRST_NAMES = ["陽菜", "葵", "蓮", "大翔", "さくら", "ソノ子"]
# ソ, 表, 能 and ― end in the byte of a backslash in Shift_JIS; 髙, 﨑, ㈱ and ① exist in cp932 but not in JIS X 0208.
NAME_STARTS = ["あおば", "北斗", "みなと", "こだま", "すばる", "表参道", "ソニック", "能勢", "髙島", "宮﨑", "ＡＢＣ", "N&S, "]
NAME_MIDDLES = ["", "第一", "中央", "東", "グローバル", "①号", "～Next～", '"銀"', "\n"]
NAME_ENDS = ["製作所", "販売", "物流株式会社", "㈱", "(株)", "食品", "設計", "ホテルズ", " Inc."]
INDUSTRIES = ["製造", "IT", "小売", "卸売", "医療", "金融", "建設", "運輸", "食品", "宿泊", ""]
STATES = ["東京都", "大阪府", "愛知県", "福岡県", "北海道", ""]
TIERS = [("Enterprise", "high"), ("Mid", "mid"), ("SMB", "low"), ("SMB", "tech")]
CHANNELS = ["direct", "direct", "partner:北浜販売"]
PRODUCTS = ["Core", "Payroll", "Learning", "Analytics"]
LONG_TEXTS = [
    "",
    "",
    '担当者:"総務部"\r\n備考, カンマと改行を含む',
    "一行目\n二行目\n\n四行目",
    '"',
    '""\n","\n',
    "先方の部長と面談。\n次回までに利用状況を確認する。",
    "表示, ソ\\能",
]
CANCEL_REASONS = ["価格", "事業終了", "期待値ギャップ", ""]
LEADS, UNKNOWN = "解約につながる", "現時点では不明"
COMPLETIONS = ["完了", "失敗", "リスクではなかった"]
RISK_NAMES = ["担当者が退職", "競合を検討中", "定着せず", "利用が止まっている", '予算削減, "本社"方針']
RISK_TYPES = ["競合", "価格", "利用低下", "担当者の異動・退職", "オンボーディング未了", "その他"]
STAGES = ["Closed Won", "Closed Won", "Closed Lost", "Negotiation"]

BAD_AMOUNTS = [
    "-5000", "－５０００", "-0.01", "abc", "N/A", "十万", "12.5", "1,234.50", "１２３４．５", "0.01",
    "99999999999999999999", "９９９９９９９９９９９９９９９９９９９９", "99,999,999,999,999,999,999",
    "9223372036854775808", "100000000000000000000000000000000000000000.00",
]  # fmt: skip
BAD_DATES = [
    "2026-02-30", "2025/2/29", "2026-13-01", "2026-00-10", "2026/4/31", "2026-01-00", "未定", "20260131",
    "31/12/2026", "2026年1月31日",
]  # fmt: skip
UNDECIDED_AMOUNTS = [" 1200 ", "12,34", "1,0000", "100.", ".00", "+5", "1e3", "￥1000", "1 000", "1000000000001"]
UNDECIDED_DATES = ["2026-2-3", " 2026-02-03 ", "２０２６-０２-０３", "2026/02-03", "2026-02-03T00:00:00"]

TO_FULL_WIDTH = str.maketrans("0123456789,.", "０１２３４５６７８９，．")
ID_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def corporate_number(rng, correct=True):
    """Written from the rule once more, so that an error in the reference does not hide itself."""
    base = [rng.randrange(10) for _ in range(12)]
    total = sum(digit if index % 2 else 2 * digit for index, digit in enumerate(base))
    check = 9 - total % 9
    if not correct:
        check = (check + rng.randint(1, 9)) % 10
    return str(check) + "".join(map(str, base))


def add_months(day, months):
    years, month_index = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(years, month_index + 1, min(day.day, monthrange(years, month_index + 1)[1]))


def month_end(day):
    return day.replace(day=monthrange(day.year, day.month)[1])


class Generator:
    def __init__(self, seed, account_count, today, open_questions=False):
        self.rng = random.Random(seed)
        self.account_count = account_count
        self.today = today
        self.open_questions = open_questions
        self.used_ids = set()
        self.rows = {name: [] for name in COLUMNS}

    # --- small things ------------------------------------------------------------------------------------------

    def chance(self, percent):
        return self.rng.random() * 100 < percent

    def pick(self, values):
        return self.rng.choice(values)

    def new_id(self, prefix):
        while True:
            identifier = prefix + "".join(self.rng.choices(ID_LETTERS, k=18 - len(prefix)))
            if identifier not in self.used_ids:
                self.used_ids.add(identifier)
                return identifier

    def written_date(self, day):
        if day is None:
            return ""
        style = self.rng.randrange(6)
        if style == 0:
            return f"{day.year}/{day.month}/{day.day}"
        if style == 1:
            return f"{day.year}/{day.month:02d}/{day.day:02d}"
        return day.isoformat()

    def written_amount(self, amount):
        text = f"{amount:,}" if self.chance(25) else str(amount)
        if self.chance(15):
            text += self.pick([".0", ".00"])
        return text.translate(TO_FULL_WIDTH) if self.chance(10) else text

    def bad_amount(self):
        return self.pick(BAD_AMOUNTS)

    def some_day(self, first, last):
        return self.today + timedelta(days=self.rng.randint(first, last))

    def instant(self, first_day, last_day):
        moment = datetime.combine(self.some_day(first_day, last_day), datetime.min.time())
        return self.written_instant(moment + timedelta(milliseconds=self.rng.randrange(86_400_000)))

    @staticmethod
    def written_instant(moment):
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"

    def add(self, file, row):
        assert list(row) == COLUMNS[file]
        self.rows[file].append(row)
        return row

    def spoil(self, row, faults, percent):
        """Gives some rows one to three faults: with several, the order of causes decides."""
        if self.chance(percent):
            for fault in self.rng.sample(faults, self.rng.choice([1, 1, 2, 3])):
                fault(row)

    def repeat_some(self, file, percent, change):
        """Adds rows with an id that an earlier row has. Only faultless originals: see the first-row rule."""
        originals = [row for row in self.rows[file] if row["Id"] in self.faultless]
        chosen = [row for row in originals if self.chance(percent)] or [self.pick(originals)]
        self.repeated[file] = [dict(row) for row in chosen]
        for row in self.repeated[file]:
            change(row)

    # --- users -------------------------------------------------------------------------------------------------

    def make_users(self):
        for number in range(max(2 * len(TEAMS), self.account_count // 40)):
            self.add("User.csv", {
                "Id": self.new_id("005"),
                "LastName": self.pick(LAST_NAMES),
                "FirstName": self.pick(FIRST_NAMES),
                "Email": f"user{number:03d}@example.com",
                "IsActive": "false" if self.chance(15) else "true",
                "UserRole": TEAMS[number % len(TEAMS)],
                "SlackMemberId__c": f"U{number:08d}" if self.chance(90) else "",
            })  # fmt: skip
        self.user_ids = [row["Id"] for row in self.rows["User.csv"]]
        self.faultless.update(self.user_ids)
        self.repeat_some("User.csv", 5, lambda row: row.update(UserRole=self.pick(TEAMS), IsActive="false"))

    # --- accounts ----------------------------------------------------------------------------------------------

    def new_account(self, parent="", deleted=False):
        tier, touch = self.pick(TIERS)
        return self.add("Account.csv", {
            "Id": self.new_id("001"),
            "Name": self.pick(NAME_STARTS) + self.pick(NAME_MIDDLES) + self.pick(NAME_ENDS),
            "ParentId": parent,
            "OwnerId": self.pick(self.user_ids),
            "Industry": self.pick(INDUSTRIES),
            "BillingState": self.pick(STATES),
            "CorporateNumber__c": corporate_number(self.rng) if self.chance(80) else "",
            "Tier__c": tier,
            "TouchModel__c": touch,
            "SalesChannel__c": self.pick(CHANNELS),
            "Description": self.pick(LONG_TEXTS),
            "CreatedDate": self.instant(-2000, -30),
            "IsDeleted": "true" if deleted else "false",
        })  # fmt: skip

    def make_accounts(self):
        for _ in range(self.account_count):
            parent = self.pick(self.rows["Account.csv"])["Id"] if self.rows["Account.csv"] and self.chance(30) else ""
            row = self.new_account(parent, deleted=self.chance(4))
            before = dict(row)
            self.spoil(row, self.account_faults(), 8)
            if row == before and row["IsDeleted"] == "false":
                self.faultless.add(row["Id"])
        blocks = 1 + self.account_count // 200
        for _ in range(blocks):
            self.make_chain(self.rng.randint(5, 40))
            self.make_cycle(self.rng.choice([1, 2, 3, 7]))
            self.make_deleted_parent()
            self.make_one_of_each_fault()
        self.good_account_id = self.new_account()["Id"]
        self.deleted_account_id = self.new_account(deleted=True)["Id"]
        self.faultless.add(self.good_account_id)
        self.repeat_some("Account.csv", 3, self.change_account)
        if self.open_questions:
            self.make_undecided_accounts()

    def account_faults(self):
        return [self.lose_name, self.break_corporate_number, self.lose_owner, self.lose_parent]

    def lose_name(self, row):
        row["Name"] = ""

    def break_corporate_number(self, row):
        good = corporate_number(self.rng)
        wrong_digit = corporate_number(self.rng, correct=False)
        row["CorporateNumber__c"] = self.pick([wrong_digit, wrong_digit, good[:12], good + "0", "T" + good[1:], "不明"])

    def lose_owner(self, row):
        row["OwnerId"] = self.new_id("005")

    def lose_parent(self, row):
        row["ParentId"] = self.new_id("001")

    def make_chain(self, length):
        """Parents of parents, some of them deleted or rejected: the root stays the same."""
        parent = ""
        for position in range(length):
            row = self.new_account(parent, deleted=position > 0 and self.chance(10))
            if position > 0 and self.chance(10):
                self.pick([self.lose_name, self.break_corporate_number])(row)
            parent = row["Id"]

    def make_cycle(self, length):
        members = [self.new_account() for _ in range(length)]
        for member, parent in zip(members, members[1:] + members[:1]):
            member["ParentId"] = parent["Id"]
        for _ in range(self.rng.randint(0, 2)):
            tail = self.new_account(self.pick(members)["Id"])
            self.new_account(tail["Id"])

    def make_deleted_parent(self):
        root = self.new_account(deleted=True)
        for _ in range(3):
            self.new_account(root["Id"])

    def make_one_of_each_fault(self):
        """So that small exports have them all, too."""
        for fault in self.account_faults():
            fault(self.new_account())

    def change_account(self, row):
        row["OwnerId"] = self.pick(self.user_ids)
        row["ParentId"] = self.pick(self.rows["Account.csv"])["Id"] if self.chance(50) else ""
        self.spoil(row, self.account_faults(), 30)

    def make_undecided_accounts(self):
        for _ in range(1 + self.account_count // 100):
            self.new_account()["OwnerId"] = ""
            self.new_account()["Name"] = self.pick([" ", "　"])
            self.new_account()["CorporateNumber__c"] = corporate_number(self.rng).translate(TO_FULL_WIDTH)
            self.new_account()["IsDeleted"] = self.pick(["TRUE", "True", ""])
            self.new_account()["Id"] = ""
            lost = self.new_account(self.new_id("001"))
            self.new_account(lost["Id"])
            self.rows["Account.csv"].append(dict(self.new_account(deleted=True), IsDeleted="false"))
            self.rows["Account.csv"].append(dict(self.new_account(), IsDeleted="true"))
            self.rows["Account.csv"].append(dict(self.pick(self.rows["Account.csv"]), Name="二度目"))

    # --- subscriptions -----------------------------------------------------------------------------------------

    def new_subscription(self, account_id, start=None, renewal=None, end=None, status=None, amount=None):
        start = start or self.start_date()
        amount = self.rng.randrange(100, 30_000) * 100 if amount is None else amount
        return self.add("Subscription__c.csv", {
            "Id": self.new_id("a0S"),
            "Account__c": account_id,
            "Product__c": self.pick(PRODUCTS),
            "MRR__c": self.written_amount(amount),
            "CurrencyIsoCode": "JPY",
            "StartDate__c": self.written_date(start),
            "NextRenewalDate__c": self.written_date(renewal),
            "Status__c": status or ("Cancelled" if end else "Active"),
            "EndDate__c": self.written_date(end),
            "CancelReason__c": self.pick(CANCEL_REASONS) if end else "",
        })  # fmt: skip

    def start_date(self):
        first_of_month = self.today.replace(day=1)
        return self.pick(
            6 * [self.some_day(-2000, -40)]
            + [
                self.some_day(-40, 0),
                self.today,
                first_of_month,
                first_of_month - timedelta(days=1),
                month_end(self.some_day(-900, -40)),
                date(2024, 2, 29),
                self.some_day(1, 90),
            ]
        )

    def renewal_date(self, start):
        near = self.some_day(1, 120)
        return self.pick(
            6 * [self.some_day(1, 700)]
            + 3 * [near]
            + [
                month_end(near),
                month_end(near) + timedelta(days=1),
                add_months(start, 24),
                self.today,
                self.today - timedelta(days=1),
                self.today + timedelta(days=1),
                self.some_day(-400, -1),
                start - timedelta(days=self.rng.randint(0, 60)),
                None,
                None,
            ]
        )

    def end_date(self, start):
        """Of a subscription with an end; never before its start."""
        first_of_month = self.today.replace(day=1)
        day = self.pick(
            4 * [self.some_day(1, 200)]
            + 3 * [self.some_day(-700, -1)]
            + [
                self.today,
                self.today + timedelta(days=1),
                first_of_month,
                first_of_month - timedelta(days=1),
                month_end(self.today) + timedelta(days=1),
                month_end(self.some_day(1, 100)),
                start,
            ]
        )
        return max(start, day)

    def make_subscriptions(self):
        for account in list(self.rows["Account.csv"]):
            for _ in range(self.rng.choices(range(6), [8, 55, 20, 10, 5, 2])[0]):
                self.make_subscription(account["Id"])
        for fault in 2 * self.subscription_faults():
            fault(self.new_subscription(self.good_account_id, renewal=self.some_day(1, 300)))
        self.new_subscription(self.deleted_account_id)
        self.faultless.add(self.new_subscription(self.good_account_id)["Id"])
        self.repeat_some("Subscription__c.csv", 2, lambda row: row.update(MRR__c=self.written_amount(7_700)))
        if self.open_questions:
            self.make_undecided_subscriptions()

    def make_subscription(self, account_id):
        start = self.start_date()
        end = self.end_date(start) if self.chance(14) else None
        status = "Active" if end and self.chance(10) else None
        amount = 0 if self.chance(3) else None
        row = self.new_subscription(account_id, start, self.renewal_date(start), end, status, amount)
        before = dict(row)
        self.spoil(row, self.subscription_faults(), 6)
        if row == before:
            self.faultless.add(row["Id"])

    def subscription_faults(self):
        return [
            lambda row: row.update(Account__c=self.new_id("001")),
            lambda row: row.update(CurrencyIsoCode=self.pick(["USD", "EUR"])),
            lambda row: row.update(MRR__c=self.bad_amount()),
            lambda row: row.update(MRR__c=""),
            lambda row: row.update(StartDate__c=self.pick(BAD_DATES + [""])),
            lambda row: row.update(NextRenewalDate__c=self.pick(BAD_DATES)),
            lambda row: row.update(EndDate__c=self.pick(BAD_DATES), Status__c="Cancelled"),
            lambda row: row.update(EndDate__c="", Status__c="Cancelled"),
            self.end_before_start,
        ]

    def end_before_start(self, row):
        row.update(StartDate__c="2024-06-01", EndDate__c=self.pick(["2024-05-31", "2020/1/1"]), Status__c="Cancelled")

    def make_undecided_subscriptions(self):
        for _ in range(1 + self.account_count // 20):
            account_id = self.pick(self.rows["Account.csv"])["Id"]
            row = self.new_subscription(account_id, renewal=self.some_day(1, 300))
            change = {
                "MRR__c": UNDECIDED_AMOUNTS,
                "StartDate__c": UNDECIDED_DATES,
                "NextRenewalDate__c": UNDECIDED_DATES,
                "CurrencyIsoCode": ["", "jpy", " JPY "],
                "Status__c": ["cancelled", "Draft", ""],
                "Id": [""],
            }
            column = self.pick(list(change))
            row[column] = self.pick(change[column])

    # --- risks -------------------------------------------------------------------------------------------------

    def new_risk(self, account_id, flag=LEADS, completion=""):
        closed = completion != ""
        return self.add("Risk__c.csv", {
            "Id": self.new_id("a0R"),
            "Name": self.pick(RISK_NAMES),
            "Account__c": account_id,
            "OwnerId": self.risk_owner(),
            "LeadsToChurn__c": flag,
            "Type__c": self.pick(RISK_TYPES),
            "Detail__c": self.pick(LONG_TEXTS),
            "NextActionDate__c": self.written_date(self.next_action_date()),
            "NextActionDetail__c": "電話で状況を確認" if self.chance(70) else "",
            "Remarks__c": self.pick(LONG_TEXTS),
            "Completion__c": completion,
            "CompletedDate__c": self.written_date(self.some_day(-300, 0)) if closed else "",
            "Result__c": self.pick(["継続で合意", "解約, 3月末\n再提案は秋"]) if closed else "",
            "CreatedDate": self.risk_created(),
        })  # fmt: skip

    def risk_owner(self):
        if self.chance(5):
            return self.pick(["", self.new_id("005")])
        return self.pick(self.user_ids)

    def next_action_date(self):
        one_day = timedelta(days=1)
        near = [self.today, self.today - one_day, self.today + one_day]
        return self.pick([None] + near + 3 * [self.some_day(-60, 60)])

    def risk_created(self):
        """Often at the borders of the seven days, which are midnights in Tokyo and so 15:00 UTC."""
        if self.chance(70):
            return self.instant(-400, -1)
        first_day = datetime.combine(self.today - timedelta(days=6), datetime.min.time()) - timedelta(hours=9)
        end_of_today = first_day + timedelta(days=7)
        last_moment = timedelta(milliseconds=1)
        return self.written_instant(
            self.pick([first_day, first_day - last_moment, end_of_today, end_of_today - last_moment])
        )

    def make_risks(self):
        for account in list(self.rows["Account.csv"]):
            for _ in range(self.rng.choices(range(5), [60, 22, 10, 5, 3])[0]):
                completion = self.pick(COMPLETIONS) if self.chance(40) else ""
                row = self.new_risk(account["Id"], self.pick([LEADS, LEADS, UNKNOWN]), completion)
                before = dict(row)
                self.spoil(row, self.risk_faults(), 8)
                if row == before:
                    self.faultless.add(row["Id"])
            if self.chance(3):
                self.new_risk(account["Id"], LEADS)
                self.new_risk(account["Id"], UNKNOWN)
        for fault in 2 * self.risk_faults():
            fault(self.new_risk(self.good_account_id))
        self.new_risk(self.deleted_account_id)
        self.faultless.add(self.new_risk(self.good_account_id)["Id"])
        self.repeat_some("Risk__c.csv", 3, lambda row: row.update(LeadsToChurn__c=LEADS, Completion__c=""))
        if self.open_questions:
            self.make_undecided_risks()

    def risk_faults(self):
        closed = {"Completion__c": "失敗", "CompletedDate__c": self.written_date(self.today), "Result__c": "更新せず"}
        return [
            lambda row: row.update(Account__c=self.new_id("001")),
            lambda row: row.update(LeadsToChurn__c=self.pick(["いいえ", "", "はい", LEADS + "?"])),
            lambda row: row.update(closed, Completion__c=self.pick(["保留", "中止", "COMPLETED"])),
            lambda row: row.update(closed, Result__c=self.pick(["", " ", "　", "\n"])),
            lambda row: row.update(closed, CompletedDate__c=""),
            lambda row: row.update(closed, CompletedDate__c="", Result__c=""),
        ]

    def make_undecided_risks(self):
        for _ in range(1 + self.account_count // 20):
            completion = self.pick(COMPLETIONS + [""])
            row = self.new_risk(self.pick(self.rows["Account.csv"])["Id"], completion=completion)
            change = {
                "CompletedDate__c": UNDECIDED_DATES + BAD_DATES + [self.some_day(1, 30).isoformat(), "2001-01-01"],
                "NextActionDate__c": UNDECIDED_DATES + BAD_DATES,
                "CreatedDate": ["", "きのう", "2026-11-20T09:00:00+09:00", "2026-11-20T00:00:00Z", "2026-11-20"],
                "Completion__c": [" ", "完了 "],
                "LeadsToChurn__c": [" " + LEADS],
                "Id": [""],
            }
            column = self.pick(list(change))
            row[column] = self.pick(change[column])

    # --- groups in which announced cancellations and risks meet -------------------------------------------------

    def make_mixed_groups(self):
        for _ in range(1 + self.account_count // 50):
            head = self.new_account()
            self.faultless.add(head["Id"])
            makers = [self.plain_member, self.announced_member, self.leaving_and_at_risk_member,
                      self.at_risk_member, self.unknown_member, self.ended_member, self.free_member]  # fmt: skip
            for maker in self.rng.sample(makers, self.rng.randint(2, 5)):
                member = self.new_account(head["Id"]) if self.chance(85) else head
                self.faultless.add(member["Id"])
                maker(member["Id"])
            self.make_group_placed_by_a_leaver()

    def make_group_placed_by_a_leaver(self):
        """The risk is with one member, an earlier announced end with another, which is not at risk."""
        at_risk, leaver = self.new_account(), self.new_account()
        leaver["ParentId"] = at_risk["Id"]
        self.new_subscription(at_risk["Id"], date(2022, 4, 1), self.some_day(100, 400))
        self.new_risk(at_risk["Id"], LEADS)
        self.new_subscription(leaver["Id"], date(2022, 4, 1), self.some_day(100, 400), self.some_day(1, 60))

    def plain_member(self, account_id):
        self.new_subscription(account_id, date(2022, 4, 1), self.some_day(1, 400))

    def free_member(self, account_id):
        """A zero-yen contract: active, but nothing to lose."""
        self.new_subscription(account_id, date(2022, 4, 1), self.some_day(1, 400), amount=0)
        self.new_risk(account_id, self.pick([LEADS, UNKNOWN]))

    def at_risk_member(self, account_id):
        renewal = self.pick([None, self.today, self.some_day(-90, -1), self.some_day(1, 400)])
        self.new_subscription(account_id, date(2023, 1, 31), renewal)
        self.new_risk(account_id, LEADS)

    def unknown_member(self, account_id):
        self.new_subscription(account_id, date(2023, 8, 31), self.some_day(-30, 300))
        self.new_risk(account_id, UNKNOWN)

    def announced_member(self, account_id):
        self.new_subscription(account_id, date(2022, 4, 1), self.some_day(-30, 400), self.some_day(1, 120))

    def leaving_and_at_risk_member(self, account_id):
        """Leaves in part, sometimes in the month in which the rest renews, sometimes with two parts in one month."""
        end = self.some_day(1, 120)
        renewal = self.pick([month_end(end), self.some_day(-30, 300), None])
        self.new_subscription(account_id, date(2021, 10, 1), self.some_day(-100, 300), end)
        if self.chance(40):
            self.new_subscription(account_id, date(2021, 10, 1), None, month_end(end))
        if self.chance(70):
            self.new_subscription(account_id, date(2021, 10, 1), renewal)
        self.new_risk(account_id, self.pick([LEADS, UNKNOWN]))

    def ended_member(self, account_id):
        """Gone, with its risk still open."""
        self.new_subscription(account_id, date(2021, 10, 1), self.some_day(1, 90), self.some_day(-200, 0))
        self.new_risk(account_id, LEADS)

    # --- opportunities -----------------------------------------------------------------------------------------

    def make_opportunities(self):
        for account in list(self.rows["Account.csv"]):
            if self.chance(35):
                row = self.new_opportunity(account["Id"])
                before = dict(row)
                self.spoil(row, self.opportunity_faults(), 6)
                if row == before:
                    self.faultless.add(row["Id"])
        for fault in self.opportunity_faults():
            fault(self.new_opportunity(self.good_account_id))
        self.new_opportunity(self.deleted_account_id)
        self.faultless.add(self.new_opportunity(self.good_account_id)["Id"])
        self.repeat_some("Opportunity.csv", 3, lambda row: row.update(StageName="Closed Won"))

    def new_opportunity(self, account_id):
        return self.add("Opportunity.csv", {
            "Id": self.new_id("006"),
            "AccountId": account_id,
            "Name": self.pick(["新規導入", "追加, Payroll", '更新 "2年"', "改行\nあり"]),
            "StageName": self.pick(STAGES),
            "CloseDate": self.written_date(self.some_day(-1500, 90)),
            "Amount": self.written_amount(self.rng.randrange(0, 90) * 100_000) if self.chance(95) else "",
            "OwnerId": self.pick(self.user_ids),
            "Product__c": self.pick(PRODUCTS),
        })  # fmt: skip

    def opportunity_faults(self):
        return [
            lambda row: row.update(AccountId=self.new_id("001")),
            lambda row: row.update(Amount=self.bad_amount()),
            lambda row: row.update(CloseDate=self.pick(BAD_DATES + [""])),
        ]

    # --- all of it ---------------------------------------------------------------------------------------------

    def generate(self):
        """{file name: rows}, in the order of the file."""
        self.faultless, self.repeated = set(), {}
        self.make_users()
        self.make_accounts()
        self.make_subscriptions()
        self.make_risks()
        self.make_mixed_groups()
        self.make_opportunities()
        return {name: self.in_file_order(name) for name in COLUMNS}

    def in_file_order(self, name):
        """Shuffled, so that children come before parents; a repeated row anywhere after its original."""
        rows = self.rows[name]
        self.rng.shuffle(rows)
        position = {row["Id"]: index for index, row in enumerate(rows)}
        placed = [(float(index), row) for index, row in enumerate(rows)]
        for row in self.repeated.get(name, []):
            placed.append((self.rng.uniform(position[row["Id"]] + 0.1, len(rows)), row))
        placed.sort(key=lambda item: item[0])
        return [row for _, row in placed]


def csv_text(rng, columns, rows, line_ending, open_questions):
    text = io.StringIO()
    quoting = rng.choice([csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
    writer = csv.writer(text, quoting=quoting, lineterminator=line_ending)
    writer.writerow(columns)
    for row in rows:
        values = list(row.values())
        if open_questions and rng.random() < 0.005:
            values = rng.choice([values[:-1], values + ["余分"]])
        if open_questions and rng.random() < 0.002:
            text.write(line_ending)
        writer.writerow(values)
    content = text.getvalue()
    return content if rng.random() < 0.7 else content.removesuffix(line_ending)


def write_export(directory, seed, account_count, today, encoding="utf-8-sig", line_ending="\r\n", open_questions=False):
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    files = Generator(seed, account_count, today, open_questions).generate()
    # Of its own, so that the content of the rows does not depend on how they are written.
    rng = random.Random(f"{seed} files")
    for name, rows in files.items():
        content = csv_text(rng, COLUMNS[name], rows, line_ending, open_questions)
        (directory / name).write_bytes(content.encode(encoding))


def main():
    parser = argparse.ArgumentParser(description="Writes a made-up, dirty CRM export.")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--accounts", type=int, required=True, help="about how many; special cases are added")
    parser.add_argument("--today", type=date.fromisoformat, required=True, metavar="YYYY-MM-DD")
    parser.add_argument("--encoding", choices=["utf-8", "utf-8-sig", "cp932"], default="utf-8-sig")
    parser.add_argument("--line-ending", choices=["crlf", "lf"], default="crlf")
    parser.add_argument("--open-questions", action="store_true", help="also rows whose treatment no text decides")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    options = parser.parse_args()
    write_export(
        options.out,
        options.seed,
        options.accounts,
        options.today,
        options.encoding,
        {"crlf": "\r\n", "lf": "\n"}[options.line_ending],
        options.open_questions,
    )


if __name__ == "__main__":
    main()
