//! Python connectors.
