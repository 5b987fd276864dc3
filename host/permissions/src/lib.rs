//! Who may do what to which path: grants, rules and the one decision function, without I/O.
//!
//! A [`Policy`] is a list of [`Grant`]s. [`Policy::decide`] takes the *real* location of a file (learned from an open
//! handle, never from a guest's text) and an [`Operation`], and answers with a verdict and the rule that led to it.
//! The gate in `massgen-sandbox` asks it before every path operation of every guest; host-side file work asks it too.
//!
//! # Precedence
//!
//! | order | rule | effect |
//! |---|---|---|
//! | 1 | no grant contains the path | deny ([`Rule::OutsideGrants`], or [`Rule::FileGrantOnly`] beside a granted file) |
//! | 2 | the deepest grant decides; of equally deep ones the most restrictive | read or write |
//! | 3 | the path is protected, or lies below a protected path, of *any* grant | at most read |
//! | 4 | a component below the deciding grant's root is an excluded name, and that grant is no workspace | at most read |
//! | 5 | removing or renaming a grant's root | deny ([`Rule::GrantRoot`]) |
//! | 6 | removing or renaming a directory above a protected path or above another grant | deny ([`Rule::AncestorOfProtected`]) |

mod decision;
mod grant;
mod policy;

pub use decision::{Decision, Operation, Rule, Verdict};
pub use grant::{Access, Extent, Grant, GrantKind, WritableWhen};
pub use policy::{DEFAULT_EXCLUDED_NAMES, Policy};
