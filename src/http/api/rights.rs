//! Who may do what. One place, asked by every route before it does anything.

use super::{Api, Asked, Failure};
use crate::{
    auth::{Denied, Grant, Visible},
    document::Unavailable,
    http::socket::granted,
    identity::Access,
    ids::{ConnectionId, DocumentName},
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
    /// Run the server.
    Operate,
    /// Ask its owners for access, whether or not it is there: nobody is told.
    Ask,
}

impl Action {
    fn needs(self) -> Access {
        match self {
            Self::Use | Self::List | Self::Create | Self::Ask | Self::Operate => Access::None,
            Self::Read => Access::View,
            Self::Recall | Self::Edit => Access::Edit,
            Self::Manage => Access::Owner,
        }
    }
}

impl Api {
    /// Fails where everybody may do everything, so that there is nothing to ask for or to give.
    pub(super) fn check_guarded(&self) -> Result<(), Failure> {
        if self.rights.is_open() { Err(Failure::Open) } else { Ok(()) }
    }

    /// What the request may do with the document it is about.
    pub(super) async fn may(
        &self,
        asked: &Asked,
        document: Option<&DocumentName>,
        action: Action,
    ) -> Result<Grant, Failure> {
        if action == Action::Operate {
            return self.operates(asked).await.map(|()| Grant::of(Access::None));
        }
        match document.filter(|_| action != Action::Ask) {
            Some(document) => self.allow(asked, document, action.needs()).await,
            None => Ok(Grant::of(Access::None)),
        }
    }

    /// Whether the request comes from who runs the server.
    pub(super) async fn operates(&self, asked: &Asked) -> Result<(), Failure> {
        let operates = self.rights.operates(&asked.credentials, asked.whence).await;
        operates.map_err(|denied| match denied {
            Denied::Forbidden => Failure::NotOperating,
            denied => refused(denied),
        })
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
        let granted = granted(self.documents.hooks(), ConnectionId(0), document, grant).await;
        let grant = granted.map_err(|_| refused(Denied::Forbidden))?;
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
