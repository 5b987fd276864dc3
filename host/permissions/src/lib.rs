//! Who may do what to which path: grants, rules and the one decision function, without I/O.
//!
//! A [`Policy`] is a list of [`Grant`]s and of [`PathRule`]s that narrow them. [`Policy::decide`] takes the *real*
//! location of a file (learned from an open handle, never from a guest's text) and an [`Operation`], and answers with a
//! verdict and the rule that led to it; [`Policy::trace`] tells the whole way there. The gate in `massgen-sandbox` asks
//! before every path operation of every guest; host-side file work asks too. [`Network`] does the same for places of the
//! network.
//!
//! # Precedence
//!
//! The deepest grant that holds the path decides, with its own rules; what less deep grants say is not looked at. Then
//! the first line that applies ends it.
//!
//! | order | what is looked at | for | verdict |
//! |---|---|---|---|
//! | 1 | no grant holds the path | all | deny ([`Rule::OutsideGrants`], or [`Rule::FileGrantOnly`] beside a granted file) |
//! | 2 | the deciding grant's rule for the path hides it | all | hide ([`Rule::Hidden`]) |
//! | 3 | a protected path of *any* grant, or below one | changes | deny ([`Rule::ProtectedPath`]) |
//! | 4 | `.git`, and in it everything but the data of commits | changes | deny ([`Rule::GitControl`]) |
//! | 5 | a name below the grant's root is excluded, and the grant is no workspace | changes | deny ([`Rule::ExcludedName`]) |
//! | 6 | the deciding grant's rule for the path is `read` | changes | deny ([`Rule::ReadOnlyRule`]) |
//! | 7 | the grant is read-only, now | changes | deny ([`Rule::ReadOnlyGrant`]) |
//! | 8 | the path is the grant's root | moving, removing, replacing | deny ([`Rule::GrantRoot`]) |
//! | 9 | a protected path, another grant, or what an anchored rule may match lies below | moving, removing, replacing, linking | deny ([`Rule::AncestorOfProtected`]) |
//! | 10 | the deciding grant's rule for the path is `ask` | all but listing and metadata | ask ([`Rule::NeedsApproval`]) |
//! | 11 | nothing of these | all | allow ([`Rule::Granted`]) |
//!
//! A grant has at most one rule for a path, of those that match it:
//!
//! 1. if some name the path from the root, without wildcards (`/config/.env`), only they count;
//! 2. otherwise, if some name it by its own name, without wildcards (`.env`), they count, and with them those that match
//!    a directory above it (`config/`);
//! 3. otherwise all count (`*.pem`, `config/`, `**`);
//! 4. of those that count the most restrictive: hidden, ask, read, write.
//!
//! So a rule for many files never lifts what another one hides, and one for a name lifts nothing from a directory; only
//! one that names the very path does, or a grant of it. The [`DEFAULT_HIDDEN_NAMES`] are rules of every grant but a workspace. `write` takes a path out of wider rules and
//! gives nothing that the grant does not give.
//!
//! # Displaced directories
//!
//! Moving a directory moves what is below, unseen. Names without a place (`*.pem`, `.git`, excluded names) hold wherever
//! a directory goes within its grant, and the gate moves no directory to another grant. An *anchored* rule would lose or
//! gain paths, so a directory above a possible match is neither moved away nor put in place, and no link is made there.
//! Removing takes an empty directory and loses nothing; above a place that is fixed (a protected path, a grant, a rule
//! without wildcards) it is refused all the same, since a link could be put there instead.

pub mod audit;
mod decision;
mod git;
mod grant;
mod hidden;
mod network;
mod place;
mod policy;
mod reason;
mod rule;
mod trace;

pub use decision::{Decision, Moved, Operation, Rule, Verdict};
pub use grant::{Access, Extent, GitAccess, Grant, GrantKind, Grants, WritableWhen};
pub use hidden::{DEFAULT_HIDDEN_NAMES, DEFAULT_SHOWN_NAMES};
pub use network::{
    Destination, Host, InvalidDestination, Network, NetworkRefusal, Origin, Scheme, is_public,
};
pub use policy::{DEFAULT_EXCLUDED_NAMES, Policy};
pub use rule::{Effect, PathRule, Pattern, PatternError};
pub use trace::{Bearing, Step};
