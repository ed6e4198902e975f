//! Who may do what. One place, asked by every route before it does anything.

use super::{Api, Asked, Failure};
use crate::{
    auth::{Denied, Grant, Visible},
    document::Unavailable,
    identity::Access,
    ids::DocumentName,
};

/// What a request wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// See what the server offers, or have a text converted.
    Use,
    /// See which documents there are: everybody sees their own list.
    List,
    /// Make one, whose name the body says: asked again for that.
    Create,
    /// Read one.
    Read,
    /// See what one said before: what was deleted since may not be meant for who only looks.
    Recall,
    /// Change one.
    Edit,
    /// Put one into the bin, take it out, end it, share it.
    Manage,
}

impl Action {
    fn needs(self) -> Access {
        match self {
            Self::Use | Self::List | Self::Create => Access::None,
            Self::Read => Access::View,
            Self::Recall | Self::Edit => Access::Edit,
            Self::Manage => Access::Owner,
        }
    }
}

impl Api {
    /// What the request may do with the document it is about.
    pub(super) async fn may(
        &self,
        asked: &Asked,
        document: Option<&DocumentName>,
        action: Action,
    ) -> Result<Grant, Failure> {
        match document {
            Some(document) => self.allow(asked, document, action.needs()).await,
            None => Ok(Grant::of(Access::None)),
        }
    }

    /// Whether the request may go so far with a document. Who may not even look at it hears the
    /// same whether or not it exists.
    pub(super) async fn allow(
        &self,
        asked: &Asked,
        document: &DocumentName,
        access: Access,
    ) -> Result<Grant, Failure> {
        let grant = self.rights.about(document, &asked.credentials).await.map_err(refused)?;
        if grant.access >= access { Ok(grant) } else { Err(Failure::Forbidden(access)) }
    }

    /// Whether the request may make a document of this name, and in whose name.
    pub(super) async fn may_make(
        &self,
        asked: &Asked,
        document: &DocumentName,
    ) -> Result<Asked, Failure> {
        let grant = self.allow(asked, document, Access::Edit).await?;
        Ok(Asked { user: grant.user, ..asked.clone() })
    }

    /// Which documents the request may see in a list.
    pub(super) async fn visible(&self, asked: &Asked) -> Result<Visible, Failure> {
        if self.rights.is_open() && !self.lists {
            return Err(Failure::NotListed);
        }
        self.rights.visible(&asked.credentials).await.map_err(refused)
    }
}

fn refused(denied: Denied) -> Failure {
    match denied {
        Denied::Unauthorized(why) => Failure::Unauthorized(why),
        Denied::Forbidden => Unavailable::Missing.into(),
        Denied::Unavailable(why) => Failure::Unchecked(why),
    }
}
