//! Three hooks that every handler must have, for handlers of datagrams alone.

/// The hooks of connections, where there is none.
macro_rules! no_connections {
    () => {
        fn setup(
            &mut self,
            _: &mut switchboard_reactor::Context<'_>,
            _: switchboard_reactor::ConnId,
            _: switchboard_reactor::Origin<'_>,
        ) {
            unreachable!("nobody listens, nobody calls");
        }

        fn handle(
            &mut self,
            _: &mut switchboard_reactor::Context<'_>,
            _: switchboard_reactor::ConnId,
            _: &[u8],
        ) -> usize {
            unreachable!("there is no connection")
        }

        fn finish(
            &mut self,
            _: &mut switchboard_reactor::Context<'_>,
            _: switchboard_reactor::ConnId,
            _: switchboard_reactor::Closed,
        ) {
            unreachable!("there was no connection");
        }
    };
}
pub(crate) use no_connections;
