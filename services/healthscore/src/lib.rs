//! Health scores: signals in, an explained score out, at any instant.
//!
//! *Used by* CSMs, who must see who drifts away while it can still be helped, and by CS Ops, who say
//! what health is. *Guarantees*: a score is a function of what had been recorded by an instant, and of
//! that instant; its contributions add up to it exactly. *Fails* by saying that there is no score.

pub mod scoring;
