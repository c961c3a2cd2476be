//! Ports that are listened on, as far as snapshots told: they tell who began a connection.

use hashbrown::HashMap;
use sockeye_core::endpoint::Direction;
use sockeye_core::{Endpoint, NamespaceId, Snapshot};

use super::observe::ephemeral_ports;
use crate::assemble::{PortSet, direction};

/// What is known of ports, to tell who began a connection.
#[derive(Debug)]
pub(super) struct Ports {
    ephemeral: (u16, u16),
    /// Those listened on when the last snapshot was taken.
    listening: HashMap<Option<NamespaceId>, PortSet>,
}

impl Ports {
    /// Knows nothing yet but which ports are given to whoever connects.
    pub(super) fn read() -> Self {
        Self { ephemeral: ephemeral_ports(), listening: HashMap::new() }
    }

    /// Remembers the listeners of `snapshot`.
    pub(super) fn learn(&mut self, snapshot: &Snapshot) {
        self.listening.clear();
        for endpoint in snapshot.endpoints.iter().filter(|endpoint| endpoint.is_listener()) {
            self.listening.entry(endpoint.namespace).or_default().insert(endpoint.local.port());
        }
    }

    /// Who began the connection that `endpoint` is an end of.
    pub(super) fn direction(&self, endpoint: &Endpoint) -> Direction {
        let nothing = PortSet::default();
        let listening = self.listening.get(&endpoint.namespace).unwrap_or(&nothing);
        direction(endpoint, listening, self.ephemeral)
    }
}
