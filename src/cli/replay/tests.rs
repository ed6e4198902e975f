//! Replays of the saved documents in `data/`.

use super::*;
