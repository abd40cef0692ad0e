"""A Bluetooth controller that is a program: bumble's, with the few things a real chip does and bumble's leaves out.

It knows HCI and the link layer; it knows nothing of straps, services or sockets. What it adds, each because something hung without it:
a pending connection can be cancelled, a connection nobody accepts ends (0x3E) instead of hanging, a reset forgets, and a chip whose
host has gone leaves the air, which its peers notice.
"""

import asyncio
import contextlib

from bumble import hci, ll
from bumble.controller import Connection, Controller
from bumble.core import InvalidArgumentError
from bumble.link import LocalLink
from bumble.transport.common import TransportSink, TransportSource

CONNECTION_TIMEOUT = int(hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)
NOT_ESTABLISHED = int(hci.HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR)


class Chip(Controller):
    """One controller on a link. `refusing`: it advertises, and takes up no connection."""

    # An adapter of Bluetooth 4.2: Linux waits for the enhanced connection event of newer ones, which bumble's controller never sends.
    le_features = Controller.le_features & ~(hci.LeFeatureMask.LL_PRIVACY | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING)

    def __init__(self, name: str, link: LocalLink, *, source: TransportSource | None = None, sink: TransportSink | None = None) -> None:
        super().__init__(name, source, sink, link)
        self.refusing = False

    def leave(self, reason: int = CONNECTION_TIMEOUT) -> None:
        """Go from the air at once: peers lose their links, and nothing is heard or sent any more."""
        self._forget(reason)
        self.host = None
        if self in self.link.controllers:
            self.link.remove_controller(self)

    # ------------------------------------------------------------ what a peer may find

    def on_le_connect_ind(self, packet: ll.ConnectInd) -> None:
        """Take up the connection, or let the other side know that nobody did."""
        if packet.advertiser_address != self.random_address:
            return
        if self.le_legacy_advertiser.enabled and not self.refusing:
            super().on_le_connect_ind(packet)
        else:
            self._terminate(packet.advertiser_address, packet.initiator_address, NOT_ESTABLISHED)

    def on_ll_control_pdu(self, sender_address: hci.Address, packet: ll.ControlPdu) -> None:
        """What crosses the end of a connection on its way is of no connection any more."""
        if sender_address in self.le_connections:
            super().on_ll_control_pdu(sender_address, packet)

    def _terminate(self, ours: hci.Address, theirs: hci.Address, reason: int) -> None:
        # A peer that has left meanwhile needs no telling.
        with contextlib.suppress(InvalidArgumentError):
            self.link.send_ll_control_pdu(sender_address=ours, receiver_address=theirs, packet=ll.TerminateInd(reason))

    def _hang_up(self, connection: Connection, reason: int) -> None:
        self._terminate(connection.self_address, connection.peer_address, reason)
        self.on_le_disconnected(connection, reason)

    def _forget(self, reason: int) -> None:
        self.le_legacy_advertiser.stop()
        self.le_scan_enable = False
        self.pending_le_connection = None
        for connection in list(self.le_connections.values()):
            self._hang_up(connection, reason)

    # ------------------------------------------------------------ what its host may ask

    def on_hci_reset_command(self, command: hci.HCI_Reset_Command) -> hci.HCI_StatusReturnParameters:
        self._forget(CONNECTION_TIMEOUT)
        return super().on_hci_reset_command(command)

    def on_hci_le_create_connection_cancel_command(self, command: hci.HCI_LE_Create_Connection_Cancel_Command) -> hci.HCI_StatusReturnParameters:
        """Core 5.0 volume 2, part E, 7.8.13: the command completes, and then the connection, as an unknown one."""
        pending, self.pending_le_connection = self.pending_le_connection, None
        if pending is not None:
            asyncio.get_running_loop().call_soon(self._say_cancelled, pending.peer_address)
        return super().on_hci_le_create_connection_cancel_command(command)

    def _say_cancelled(self, peer: hci.Address) -> None:
        self.send_hci_packet(
            hci.HCI_LE_Connection_Complete_Event(
                status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                connection_handle=0,
                role=hci.Role.CENTRAL,
                peer_address_type=peer.address_type,
                peer_address=peer,
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            )
        )
