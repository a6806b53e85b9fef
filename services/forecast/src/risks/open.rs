use keizoku_core::Day;
use keizoku_revenue::{AccountIx, AsOf, Book, Marks};

use super::{OpenRisks, RiskBoard};

/// Open risks by account at both times, perhaps of one type only.
pub(crate) struct OpenByAccount<'a> {
    board: &'a RiskBoard,
    as_of: AsOf,
    /// Counted for this question; `None` where what the board keeps is right.
    counted: Option<Vec<OpenRisks>>,
}

impl<'a> OpenByAccount<'a> {
    /// `risk_type` is the key of a type that restricts the risks.
    pub(crate) fn of(
        board: &'a RiskBoard,
        book: &Book,
        as_of: AsOf,
        risk_type: Option<&str>,
    ) -> Self {
        let today = book.today_at(as_of.known_at);
        let is_kept = as_of.known_at.is_none() && as_of.on >= today && risk_type.is_none();
        let counted = (!is_kept).then(|| count(board, book.len(), as_of, today, risk_type));
        Self {
            board,
            as_of,
            counted,
        }
    }

    /// Open risks of the account of a row, with those of what was merged into it.
    #[inline]
    pub(crate) fn get(&self, book: &Book, account: AccountIx, marks: Marks) -> OpenRisks {
        if marks.has_aliases() {
            self.of_all(book, account)
        } else {
            self.own(account)
        }
    }

    /// Open risks of an account and of what was merged into it.
    pub(crate) fn of_all(&self, book: &Book, account: AccountIx) -> OpenRisks {
        let aliases = book.aliases(account, self.as_of.known_at);
        aliases
            .into_iter()
            .map(|alias| self.own(alias))
            .fold(self.own(account), OpenRisks::plus)
    }

    /// Open risks that were filed for the accounts of a chunk of rows; those left out have none.
    pub(crate) fn chunk(&self, first: u32) -> &[OpenRisks] {
        match &self.counted {
            None => self.board.open_now_from(first),
            Some(counted) => &counted[first as usize..],
        }
    }

    #[inline]
    fn own(&self, account: AccountIx) -> OpenRisks {
        match &self.counted {
            None => self.board.open_now(account),
            Some(counted) => counted[account.0 as usize],
        }
    }
}

fn count(
    board: &RiskBoard,
    accounts: usize,
    as_of: AsOf,
    today: Day,
    risk_type: Option<&str>,
) -> Vec<OpenRisks> {
    let mut counted = vec![OpenRisks::default(); accounts];
    let kind = risk_type.map(|key| board.kind(key).unwrap_or(u32::MAX));
    board.for_each(as_of.known_at, |_, account, facts| {
        if kind.is_none_or(|kind| kind == facts.kind) && facts.is_open(as_of.on, today) {
            counted[account.0 as usize].add(facts.flag, 1);
        }
    });
    counted
}
