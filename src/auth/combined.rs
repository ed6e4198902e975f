//! Several ways to have rights: whoever has them by one of them has them.

use std::{fmt, sync::Arc};

use futures_util::future::join_all;

use super::{Answering, Authorizer, Credentials, Denied, Grant, Question, Visible};
use crate::identity::Access;

/// Asks all and goes by the best answer.
pub struct Combined(pub Vec<Arc<dyn Authorizer>>);

impl Authorizer for Combined {
    fn authorize<'a>(&'a self, question: &'a Question) -> Answering<'a, Grant> {
        Box::pin(async { merge(join_all(self.0.iter().map(|it| it.authorize(question))).await) })
    }

    fn visible<'a>(&'a self, question: &'a Question) -> Answering<'a, Visible> {
        Box::pin(async {
            let answers = join_all(self.0.iter().map(|it| it.visible(question))).await;
            let (visible, denied) = split(answers);
            if visible.is_empty() {
                return Err(denied);
            }
            Ok(Visible::Those(Arc::new(move |name| visible.iter().any(|it| it.includes(name)))))
        })
    }

    fn operates<'a>(&'a self, credentials: &'a Credentials) -> Answering<'a, ()> {
        Box::pin(async {
            let answers = join_all(self.0.iter().map(|it| it.operates(credentials))).await;
            let (operates, denied) = split(answers);
            if operates.is_empty() { Err(denied) } else { Ok(()) }
        })
    }

    fn forget(&self) {
        self.0.iter().for_each(|it| it.forget());
    }

    fn is_open(&self) -> bool {
        self.0.iter().any(|it| it.is_open())
    }
}

/// The widest access, the first person that something vouches for, and the earliest moment at which
/// any of it may change.
fn merge(answers: Vec<Result<Grant, Denied>>) -> Result<Grant, Denied> {
    let (grants, denied) = split(answers);
    let access = grants.iter().map(|grant| grant.access).max().unwrap_or(Access::None);
    if access == Access::None && (grants.is_empty() || !matches!(denied, Denied::Unauthorized(_))) {
        return Err(denied);
    }
    let mut merged = Grant::of(access);
    for grant in grants {
        merged.user = merged.user.or(grant.user);
        merged.expires = earlier(merged.expires, grant.expires);
        merged.recheck = earlier(merged.recheck, grant.recheck);
    }
    Ok(merged)
}

fn earlier<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// What was granted, and why the others say no: that it could not be found out comes first, as it
/// may be yes the next time; then that they may not, as signing in again changes nothing about that.
fn split<T>(answers: Vec<Result<T, Denied>>) -> (Vec<T>, Denied) {
    let (mut granted, mut denied) = (Vec::new(), None);
    for answer in answers {
        match answer {
            Ok(value) => granted.push(value),
            Err(why) if denied.as_ref().is_none_or(|it| weight(it) < weight(&why)) => {
                denied = Some(why);
            }
            Err(_) => {}
        }
    }
    (granted, denied.unwrap_or(Denied::Forbidden))
}

fn weight(denied: &Denied) -> u8 {
    match denied {
        Denied::Unauthorized(_) => 0,
        Denied::Forbidden => 1,
        Denied::Unavailable(_) => 2,
    }
}

impl fmt::Debug for Combined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Combined({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{auth::User, clock::Timestamp};

    fn unauthorized() -> Denied {
        Denied::Unauthorized("sign in".into())
    }

    #[test]
    fn the_widest_right_wins_and_ends_with_the_first_that_ends() {
        let user = User::new("ada", "Ada");
        let signed_in =
            Grant { user: user.clone(), expires: Some(Timestamp(500)), ..Grant::of(Access::View) };
        let link = Grant { expires: Some(Timestamp(300)), ..Grant::of(Access::Edit) };
        let merged = merge(vec![Ok(signed_in), Ok(link), Err(unauthorized())]).unwrap();
        assert_eq!((merged.access, merged.user), (Access::Edit, user));
        assert_eq!(merged.expires, Some(Timestamp(300)));
    }

    #[test]
    fn nobody_is_let_in_by_a_reason_and_the_one_that_may_pass_is_told() {
        assert_eq!(merge(Vec::new()), Err(Denied::Forbidden));
        let both = merge(vec![Err(unauthorized()), Err(Denied::Forbidden)]);
        assert_eq!(both, Err(Denied::Forbidden));
        let down = Denied::Unavailable("no answer".into());
        assert_eq!(merge(vec![Err(unauthorized()), Err(down.clone())]), Err(down.clone()));
        assert_eq!(merge(vec![Ok(Grant::of(Access::None)), Err(down.clone())]), Err(down));
        let nothing = merge(vec![Ok(Grant::of(Access::None)), Err(unauthorized())]);
        assert_eq!(nothing.unwrap().access, Access::None);
    }
}
