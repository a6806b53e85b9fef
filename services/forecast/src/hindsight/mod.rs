//! Looking back: forecasts as they were given, and what became of what they were about (FC-5, FC-7).

mod backtest;
mod calibration;
mod given;
mod losses;
mod rates;
mod times;

pub use backtest::{
    Backtest, BacktestMonth, BacktestQuestion, Comparison, Line, MonthNotOver, backtest,
};
pub use calibration::{Calibration, CalibrationPoint};
pub(crate) use given::{Hindsight, Reasons};
pub use given::{PartFlag, RateKey};
pub(crate) use rates::weighted;
pub use rates::{ENOUGH_LOSSES, LossRate, LossRates};
