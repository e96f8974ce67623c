"""Eclipse Paho clients, driven by lines of JSON: one process for a whole test.

In:  {"client": 1, "do": "connect" | "subscribe" | "publish" | "disconnect", ...}
Out: {"client": 1, "event": "connack" | "suback" | "puback" | "message" | "disconnect" | "close"}
Codes are as they stand in the packets.
"""

import json
import socket
import sys
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

# Paho gives the return codes of a 3.1.1 CONNACK as MQTT 5's reason codes.
RETURN_CODES = {0: 0, 0x84: 1, 0x85: 2, 0x88: 3, 0x86: 4, 0x87: 5}

# Names that lead somewhere else than DNS says, which may not know them: Paho takes the name that it
# connects to for the one in the certificate.
addresses = {}
look_up = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **named: look_up(addresses.get(host, host), *rest, **named)

output = threading.Lock()
publishing = threading.RLock()


def reason_string(properties):
    return getattr(properties, "ReasonString", None)


def connect(number, command):
    version = command["version"]

    def emit(event, **fields):
        line = json.dumps({"client": number, "event": event, **fields})
        with output:
            print(line, flush=True)

    def on_connect(_client, _data, _flags, code, _properties):
        emit("connack", code=code.value if version == 5 else RETURN_CODES[code.value])

    def on_subscribe(_client, _data, _identifier, codes, properties):
        emit("suback", code=codes[0].value, reason=reason_string(properties))

    def on_publish(_client, _data, identifier, code, properties):
        # Paho calls it for QoS 0, too, once the packet is written.
        with publishing:
            if identifier in acknowledged:
                emit("puback", code=code.value, reason=reason_string(properties))

    def on_message(_client, _data, message):
        emit("message", topic=message.topic, payload=message.payload.decode())

    def on_disconnect(_client, _data, flags, code, properties):
        if version == 5 and flags.is_disconnect_packet_from_server:
            emit("disconnect", code=code.value, reason=reason_string(properties))
        emit("close")

    protocol = mqtt.MQTTv5 if version == 5 else mqtt.MQTTv311
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=command["clientId"],
        protocol=protocol,
        reconnect_on_failure=False,
    )
    acknowledged = set()
    client.on_connect = on_connect
    client.on_subscribe = on_subscribe
    client.on_publish = on_publish
    client.on_message = on_message
    client.on_disconnect = on_disconnect
    client.tls_set(
        ca_certs=command["ca"],
        certfile=command.get("certificate"),
        keyfile=command.get("key"),
    )
    if "dial" in command:
        addresses[command["host"]] = command["dial"]["host"]
    client.connect(command["host"], command["port"])
    client.loop_start()
    return client, acknowledged


def main():
    clients = {}
    for line in sys.stdin:
        command = json.loads(line)
        number = command["client"]
        if command["do"] == "connect":
            clients[number] = connect(number, command)
            continue
        client, acknowledged = clients[number]
        if command["do"] == "subscribe":
            client.subscribe(command["filter"], qos=1)
        elif command["do"] == "publish":
            # The answer may come before publish() tells the packet identifier.
            with publishing:
                qos = command["qos"]
                info = client.publish(command["topic"], command["payload"], qos=qos)
                if qos == 1:
                    acknowledged.add(info.mid)
        elif command["do"] == "disconnect":
            client.disconnect()


main()
