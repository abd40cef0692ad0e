"""placeholder until the real one is here"""
HEART_RATE_SERVICE = "0000180d-0000-1000-8000-00805f9b34fb"
HEART_RATE_MEASUREMENT = "00002a37-0000-1000-8000-00805f9b34fb"
SENSOR_LOCATION = "00002a38-0000-1000-8000-00805f9b34fb"
BATTERY_LEVEL = "00002a19-0000-1000-8000-00805f9b34fb"
DEVICE_INFORMATION = {n: f"0000{u}-0000-1000-8000-00805f9b34fb" for n, u in dict(manufacturer="2a29", model="2a24", serial="2a25", firmware="2a26", hardware="2a27", software="2a28").items()}
def location_word(payload: bytes) -> str:
    return ("other", "chest", "wrist", "finger", "hand", "ear_lobe", "foot")[payload[0]] if payload and payload[0] < 7 else "other"
