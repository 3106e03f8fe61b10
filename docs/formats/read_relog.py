#!/usr/bin/env python3
"""Reads a relog from its specification alone, and checks all of it.

The specification is relog.md and container.md beside this file, and ../store.md. Files of versions 1 to 3 are read.
Needs Python 3.9 and libzstd.so.1, which is on every Debian. Written to be read: it is the specification in another form.

    python3 read_relog.py run.relog                counts of events by kind, one "kind count" a line
    python3 read_relog.py --list run.relog         every event, one a line
    python3 read_relog.py --ram run.relog          every keyframe, with the SHA-256 of RAM there
    python3 read_relog.py --store DIR run.relog    a file whose contents are in a store, when it is not where the file says
    python3 read_relog.py - < run.relog            the same from a pipe

Checked: the preamble, the chain of frame checksums, the checksums of payloads, the index, the SHA-256 at the end, objects of
stores against their names, the shape of every item, the order of frames and positions, what pages are copies of, keyframes
and their marks, and the digests of `check` events. Ends with status 1 and one sentence when the file or its store is
damaged, with 3 when there is no such file, or no store with what it needs, and with 0 when all is well; a file that was cut
off is read up to there, and that is said on stderr.
"""
import argparse
import ctypes
import hashlib
import json
import os
import struct
import sys
import zlib

VERSIONS = (1, 2, 3)
MAGIC = b"\x89DRL\r\n\x1a\n"
PACK_MAGIC = b"\x89DCP\r\n\x1a\n"
PREAMBLE = 16
MAX_PAYLOAD = 64 << 20
HEADER, PAGES, KEYFRAME, EVENTS, INDEX, END = 1, 2, 3, 4, 254, 255
PACK_HEADER, PACK_GROUP, PACK_DIRECTORY = 1, 2, 3
STORED, ZSTD, IN_STORE = 0, 1, 2
DIGEST = 32
PAGE_FAULT = 14
LONGEST_INSTRUCTION = 15
PAGE = 4096
FROM_DATA, ZEROS = 0xFFFFFFFF, 0xFFFFFFFE
U8, U16, U32, U64 = 0xFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF

# Fields of each kind of event: a number is the most an integer may be, "null" a u32 or null, bytes<n> a byte string.
KINDS = {
    1: ("port-read", [("port", U16), ("size", U8), ("value", U32)]),
    2: ("mmio-read", [("address", U32), ("size", U8), ("value", U32)]),
    3: ("tsc", [("value", U64)]),
    4: ("cpuid", [(name, U32) for name in ("leaf", "subleaf", "eax", "ebx", "ecx", "edx")]),
    5: ("msr", [("index", U32), ("value", U64)]),
    6: ("random", [("value", U32)]),
    7: ("flags-image", [("eflags", U32)]),
    8: ("x87", [("opcode", U16), ("st0", "bytes10"), ("st1", "bytes10"), ("fsw", U16)]),
    9: ("x87-environment", [("fcw", U16), ("fsw", U16), ("ftw", U16), ("fop", U16), ("fip", U32), ("fcs", U16),
                            ("fdp", U32), ("fds", U16), ("mask", U32)]),
    10: ("x87-status", [("fsw", U16)]),
    11: ("sse-approximation", [("opcode", U16), ("value", "bytes16")]),
    16: ("interrupt", [("vector", U8), ("eip", U32), ("eflags", U32), ("rep", "null")]),
    17: ("exception", [("vector", U8), ("eip", U32), ("eflags", U32), ("error", "null"), ("cr2", "null")]),
    18: ("software-interrupt", [("vector", U8), ("eip", U32), ("eflags", U32)]),
    19: ("dma", [("address", U32), ("data", "bytes"), ("rep", "null")]),
    20: ("keyframe-mark", [("index", U32), ("rep", "null")]),
    21: ("end", [("rep", "null")]),
    22: ("check", [("eip", U32), ("eflags", U32), ("gpr", "gpr"), ("rep", "null"), ("digest", U32)]),
    23: ("state", [("state", "bytes")]),
    24: ("effect", [("eip", U32), ("code", "bytes"), ("after", "bytes"), ("writes", "bytes")]),
}
FIRST_POSITIONED = 16

SEGMENT = {"selector": U16, "base": U32, "limit": U32, "attributes": U16}
TABLE = {"base": U32, "limit": U16}
CPU_STATE = {
    "gpr": [U32] * 8, "eip": U32, "eflags": U32, "segments": [SEGMENT] * 6, "ldtr": SEGMENT, "tr": SEGMENT,
    "gdtr": TABLE, "idtr": TABLE, "cr0": U32, "cr2": U32, "cr3": U32, "cr4": U32, "dr": [U32] * 8,
    "sysenter": [U32] * 3,
    "x87": {"fcw": U16, "fsw": U16, "ftw": U16, "fop": U16, "fip": U32, "fcs": U16, "fdp": U32, "fds": U16,
            "st": "bytes80"},
    "mxcsr": U32, "xmm": "bytes128", "halted": "bool",
}


class Damage(Exception):
    pass


class Missing(Exception):
    pass


def need(condition, sentence):
    if not condition:
        raise Damage(sentence)


# --- CBOR (RFC 8949): integers, strings, arrays and maps of definite length, true, false, null; of numbers with a
# floating point only those that early writers had for large integers


def read_head(data, at):
    """Major type, argument, and where the head ends."""
    need(at < len(data), "an item runs past the end of its frame")
    major, info = data[at] >> 5, data[at] & 31
    if info < 24:
        return major, info, at + 1
    need(info < 28 and at + 1 + (1 << (info - 24)) <= len(data), "an item has an impossible head")
    end = at + 1 + (1 << (info - 24))
    return major, int.from_bytes(data[at + 1:end], "big"), end


def read_item(data, at, depth=0):
    major, value, end = read_head(data, at)
    need(depth < 16, "items are nested too deeply")
    if major == 0:
        return value, end
    if major in (2, 3):
        need(value <= len(data) - end, "a string runs past the end of its frame")
        piece = bytes(data[end:end + value])
        try:
            return (piece if major == 2 else piece.decode("utf-8")), end + value
        except UnicodeDecodeError:
            raise Damage("a text is not UTF-8") from None
    if major == 4:
        need(value <= len(data) - end, "an array is longer than its frame")
        items = []
        for _ in range(value):
            item, end = read_item(data, end, depth + 1)
            items.append(item)
        return items, end
    if major == 5:
        need(value <= len(data) - end, "a map is longer than its frame")
        items = {}
        for _ in range(value):
            key, end = read_item(data, end, depth + 1)
            need(isinstance(key, str) and key not in items, "a map has a key that is no text, or is there twice")
            items[key], end = read_item(data, end, depth + 1)
        return items, end
    if major == 7 and end == at + 9:
        (number,) = struct.unpack(">d", data[at + 1:end])
        need(number.is_integer() and 0 <= number <= 1 << 53, "a number is no integer")
        return int(number), end
    need(major == 7 and value in (20, 21, 22) and end == at + 1, "an item is of a type that relogs do not have")
    return {20: False, 21: True, 22: None}[value], end


def read_only_item(data, what):
    item, end = read_item(data, 0)
    need(end == len(data), f"{what} is more than one item")
    return item


def is_integer(value, most):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def check_shape(value, shape, what):
    """`shape` as in the tables above; maps may have more keys than it says."""
    if isinstance(shape, dict):
        need(isinstance(value, dict), f"{what} is no map")
        for key, inner in shape.items():
            need(key in value, f"{what} has no {key}")
            check_shape(value[key], inner, f"{what}.{key}")
    elif isinstance(shape, list):
        need(isinstance(value, list) and len(value) == len(shape), f"{what} is no list of {len(shape)}")
        for item, inner in zip(value, shape):
            check_shape(item, inner, what)
    elif shape == "bool":
        need(isinstance(value, bool), f"{what} is no boolean")
    elif shape == "text":
        need(isinstance(value, str), f"{what} is no text")
    elif shape == "null":
        need(value is None or is_integer(value, U32), f"{what} is neither null nor a u32")
    elif shape == "gpr":
        check_shape(value, [U32] * 8, what)
    elif isinstance(shape, str):
        need(isinstance(value, bytes), f"{what} is no byte string")
        size = shape[len("bytes"):]
        need(size == "" or len(value) == int(size), f"{what} has not {size} bytes")
    else:
        need(is_integer(value, shape), f"{what} is no integer up to {shape}")


# --- the container


class Zstd:
    def __init__(self):
        try:
            self.library = ctypes.CDLL("libzstd.so.1")
        except OSError:
            sys.exit("read_relog: libzstd.so.1 is not here. Install Debian's package libzstd1.")
        self.library.ZSTD_decompress.restype = ctypes.c_size_t
        self.library.ZSTD_decompress.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]

    def unpack(self, packed, size):
        # One byte more than asked for, so that a frame that holds more is found out.
        room = ctypes.create_string_buffer(size + 1)
        got = self.library.ZSTD_decompress(room, size + 1, packed, len(packed))
        need(got == size, "a frame cannot be unpacked")
        return room.raw[:size]


class FrameHeader:
    SIZE = 32

    def __init__(self, data, sequence, crc):
        """`crc` is that of the header before; it goes into this one's, so that frames are a chain."""
        (self.kind, self.codec, zero, self.stored, self.raw, number, self.reach, self.payload_crc,
         self.crc) = struct.unpack("<BBHIIIQII", data)
        need(zlib.crc32(data[:28], crc) == self.crc and number == sequence, f"frame {sequence} is not intact")
        need(self.raw <= MAX_PAYLOAD and self.stored <= MAX_PAYLOAD and zero == 0,
             f"frame {sequence} has an impossible header")
        self.sequence = sequence

    def unpack(self, payload, zstd, store):
        """What is in the frame. `store` may be None where the file has none."""
        need(zlib.crc32(payload) == self.payload_crc, f"the payload of frame {self.sequence} is not intact")
        if self.codec == STORED:
            unpacked = payload
        elif self.codec == ZSTD:
            unpacked = zstd.unpack(payload, self.raw)
        else:
            need(self.codec == IN_STORE and store is not None and self.stored == DIGEST,
                 f"frame {self.sequence} has an impossible codec")
            unpacked = store.contents(payload, self.raw)
        need(len(unpacked) == self.raw, f"frame {self.sequence} has a wrong length")
        return unpacked


def read_preamble(preamble, magic, versions, what):
    need(len(preamble) == PREAMBLE and preamble[:8] == magic, f"this is no {what}")
    need(struct.unpack("<I", preamble[12:])[0] == zlib.crc32(preamble[:12]), "the preamble is not intact")
    (major,) = struct.unpack("<H", preamble[8:10])
    need(major in versions, f"version {major} of the format is not known here")
    return major


class Container:
    def __init__(self, stream, store):
        """`store` is for frames whose contents are in one."""
        self.stream = stream
        self.hash = hashlib.sha256()
        self.cut_off = False
        self.outcome = None
        self.end_reach = None
        self.zstd = Zstd()
        self.offset = 0
        preamble = self.read(PREAMBLE)
        self.major = read_preamble(preamble, MAGIC, VERSIONS, "relog")
        self.store = store if self.major >= 2 else None
        self.hash.update(preamble)
        self.index = Index(PREAMBLE)

    def read(self, size):
        """As many bytes as there are, up to `size`; memory grows with what is there, not with what is claimed."""
        parts = []
        while size > 0:
            part = self.stream.read(min(size, 1 << 20))
            if not part:
                break
            parts.append(part)
            size -= len(part)
            self.offset += len(part)
        return b"".join(parts)

    def frames(self):
        """Kind, position and payload of each frame but those of the index and the end."""
        sequence = crc = 0
        index_begins = index_reach = None
        while True:
            begins = self.offset
            data = self.read(FrameHeader.SIZE)
            if len(data) < FrameHeader.SIZE:
                self.cut_off = True
                return
            header = FrameHeader(data, sequence, crc)
            payload = self.read(header.stored)
            if len(payload) < header.stored:
                self.cut_off = True
                return
            unpacked = header.unpack(payload, self.zstd, self.store)
            if header.kind == END:
                need(header.codec == STORED, "the end frame is packed")
                need(index_reach in (None, header.reach), "the index is not where the run ended")
                self.end_reach = header.reach
                self.finish(unpacked, index_begins)
                return
            self.hash.update(data + payload)
            if self.major >= 2 and header.kind == INDEX:
                index_begins = begins if index_begins is None else index_begins
                index_reach = header.reach if index_reach is None else index_reach
                need(header.reach == index_reach and header.codec != IN_STORE, "an index frame has an impossible header")
                self.index.compare(unpacked)
            else:
                need(index_begins is None, "there are frames between the index and the end")
                self.index.add(header)
                yield header.kind, header.reach, unpacked
            sequence, crc = sequence + 1, header.crc

    def finish(self, payload, index_begins):
        end = read_only_item(payload, "the end frame")
        outcome = {"cutOff": "bool", "events": U64, "keyframes": U64}
        check_shape(end, {"sha256": "bytes32", "outcome": outcome}, "the end frame")
        need(end["sha256"] == self.hash.digest(), "the digest at the end does not match what is before it")
        if self.major >= 2:
            check_shape(end, {"index": "bytes8"}, "the end frame")
            need(index_begins is not None and self.index.complete, "the index does not cover all frames")
            need(end["index"] == payload[-8:] == struct.pack("<Q", index_begins), "the index is not where the end says")
        need(self.read(1) == b"", "there are bytes after the end")
        self.outcome = end["outcome"]


def read_leb128(data, at):
    """Seven bits a byte, the lowest first; the top bit says that more follow."""
    value = shift = 0
    while True:
        need(at < len(data) and shift < 70, "a number in the index does not end")
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at


class Index:
    """Frames as they were read, and whether the index says the same of them."""

    FRAMES = 65536  # that one frame of the index covers, but for the last

    def __init__(self, offset):
        self.frames = []  # kind, bytes in the file with the header, reach, CRC in the header
        self.compared = 0
        self.offset = offset  # where the first frame that was not compared begins

    @property
    def complete(self):
        return self.compared == len(self.frames)

    def add(self, header):
        self.frames.append((header.kind, FrameHeader.SIZE + header.stored, header.reach, header.crc))

    def compare(self, payload):
        index = read_only_item(payload, "an index frame")
        shape = {"first": U64, "offset": U64, "kinds": "bytes", "lengths": "bytes", "reaches": "bytes", "headers": "bytes"}
        check_shape(index, shape, "an index frame")
        covered = self.frames[self.compared:self.compared + self.FRAMES]
        count = len(covered)
        need(count > 0 or not self.frames, "the index goes on when all frames are covered")
        need(index["first"] == self.compared and index["offset"] == self.offset, "the index has a gap")
        need(len(index["kinds"]) == count and len(index["headers"]) == 4 * count, "the index is of another number of frames")
        at = at_reach = reach = 0
        for i, frame in enumerate(covered):
            length, at = read_leb128(index["lengths"], at)
            low, at_reach = read_leb128(index["reaches"], at_reach)
            high, at_reach = read_leb128(index["reaches"], at_reach)
            need(low <= U32 and high <= U32, "a number in the index is too large")
            reach = (reach + (high << 32) + low) & U64
            crc = int.from_bytes(index["headers"][4 * i:4 * i + 4], "little")
            need((index["kinds"][i], length, reach, crc) == frame, f"the index does not fit frame {self.compared + i}")
            self.offset += length
        need(at == len(index["lengths"]) and at_reach == len(index["reaches"]), "the index has too many numbers")
        self.compared += count


# --- stores (../store.md)


class Pack:
    """Objects in a container of their own, of which only the directory is kept."""

    def __init__(self, stream, zstd):
        self.zstd = zstd
        read_preamble(stream.read(PREAMBLE), PACK_MAGIC, (2,), "pack")
        self.groups = []  # header of each, and where its payload begins
        index = Index(PREAMBLE)
        items = {}
        sequence = crc = 0
        while END not in items:
            data = stream.read(FrameHeader.SIZE)
            need(len(data) == FrameHeader.SIZE, "it ends too early")
            header = FrameHeader(data, sequence, crc)
            sequence, crc = sequence + 1, header.crc
            if header.kind == PACK_GROUP:
                # Passed over: the objects in it are checked when they are needed.
                self.groups.append((header, stream.tell()))
                stream.seek(header.stored, os.SEEK_CUR)
            else:
                payload = header.unpack(stream.read(header.stored), zstd, None)
                if header.kind == INDEX:
                    index.compare(payload)
                elif header.kind in (PACK_HEADER, PACK_DIRECTORY, END):
                    items[header.kind] = read_only_item(payload, "an item")
            if header.kind < INDEX:
                index.add(header)
        need(index.complete, "its index does not cover all frames")
        need(PACK_HEADER in items and PACK_DIRECTORY in items, "it has no directory")
        check_shape(items[PACK_HEADER], {"store": "text"}, "its header")
        directory = items[PACK_DIRECTORY]
        check_shape(directory, {key: "bytes" for key in ("names", "groups", "offsets", "lengths")}, "a directory")
        self.names = directory["names"]
        self.count = len(self.names) // DIGEST
        lengths = {len(directory[key]) for key in ("groups", "offsets", "lengths")}
        need(len(self.names) == DIGEST * self.count and lengths == {4 * self.count}, "its directory has a wrong length")
        check_shape(items[END], {"outcome": {"objects": U64}}, "its end")
        need(items[END]["outcome"]["objects"] == self.count, "the number of objects is not what its end says")
        self.places = [struct.unpack(f"<{self.count}I", directory[key]) for key in ("groups", "offsets", "lengths")]

    def find(self, name):
        """Group, offset and length of an object, or None. Names are in order: the middle says in which half it is."""
        low, high = 0, self.count
        while low < high:
            middle = (low + high) // 2
            if self.names[DIGEST * middle:DIGEST * (middle + 1)] < name:
                low = middle + 1
            else:
                high = middle
        if self.names[DIGEST * low:DIGEST * (low + 1)] != name:
            return None
        group, offset, length = (column[low] for column in self.places)
        need(group < len(self.groups) and offset + length <= self.groups[group][0].raw, "its directory is wrong")
        return group, offset, length

    def read_group(self, stream, number):
        header, begins = self.groups[number]
        stream.seek(begins)
        return header.unpack(stream.read(header.stored), self.zstd, None)


class Stores:
    """Where objects are looked for: some folders, one after the other."""

    GROUPS = 8  # kept unpacked: neighbours in a payload are mostly neighbours in a pack

    def __init__(self, folders):
        self.folders = folders
        self.zstd = Zstd()
        self.packs = {}  # folder and name of a pack: the pack
        self.recent = {}  # pack and number of a group: its bytes
        self.present = []

    def hint(self, path, beside):
        """What the header says. `beside` is the folder of the file, None where that is not known."""
        places = [path] if beside is None else [path, os.path.join(beside, os.path.basename(path))]
        self.folders += [place for place in dict.fromkeys(places) if place not in self.folders]

    def look(self):
        """Reads directories of packs that were not there before. `gc` may have moved some to `gone`."""
        self.present = [folder for folder in self.folders if self.is_store(folder)]
        found = {}
        for folder in self.present:
            for name in ("packs", "gone"):
                try:
                    names = sorted(os.listdir(os.path.join(folder, name)))
                except FileNotFoundError:
                    continue
                for pack in names:
                    if pack.endswith(".dcp") and (folder, pack) not in found:
                        found[folder, pack] = self.packs.get((folder, pack)) or self.open_pack(folder, pack, Pack)
        self.packs = {key: pack for key, pack in found.items() if pack is not None}

    @staticmethod
    def is_store(folder):
        try:
            with open(os.path.join(folder, "decouple-store.json"), "rb") as file:
                about = json.load(file)
        except OSError:
            return False
        except ValueError:
            about = None
        need(isinstance(about, dict) and about.get("version") == 1, f"{folder} is no store of a version known here")
        return True

    def open_pack(self, folder, name, use, *arguments):
        """What `use` makes of the pack's stream; None when the pack is not there any more."""
        for place in ("packs", "gone"):
            path = os.path.join(folder, place, name)
            try:
                with open(path, "rb") as stream:
                    return use(stream, *(arguments or (self.zstd,)))
            except FileNotFoundError:
                continue
            except Damage as damage:
                raise Damage(f"of the store, {path} is damaged: {damage}") from None
        return None

    def group(self, key, number):
        """A group, from those at hand if it is one of them."""
        group = self.recent.pop((key, number), None)
        if group is None:
            group = self.open_pack(*key, self.packs[key].read_group, number)
        if group is not None:
            self.recent[key, number] = group
            while len(self.recent) > self.GROUPS:
                del self.recent[next(iter(self.recent))]
        return group

    def find(self, name):
        for key, pack in self.packs.items():
            place = pack.find(name)
            if place is None:
                continue
            number, offset, length = place
            group = self.group(key, number)
            if group is not None:
                data = group[offset:offset + length]
                need(hashlib.sha256(data).digest() == name, f"object {name.hex()} is not what its name says")
                return data
        return None

    def object(self, name):
        data = self.find(name)
        if data is None:
            # Others may have written or collected meanwhile.
            self.look()
            data = self.find(name)
        if data is None and not self.present:
            raise Missing(f"there is no store at {' or '.join(self.folders) or 'any known place'}; give it with --store")
        if data is None:
            raise Missing(f"object {name.hex()} is in no store")
        return data

    def contents(self, name, size):
        """A payload of `size` bytes, of whose objects `name` names the list."""
        names = self.object(name)
        need(len(names) % DIGEST == 0, "a list of objects has a wrong length")
        parts = []
        for at in range(0, len(names), DIGEST):
            parts.append(self.object(names[at:at + DIGEST]))
            size -= len(parts[-1])
            need(size >= 0, "a list of objects is too long")
        return b"".join(parts)


# --- the relog


class Fnv:
    """FNV-1a, 32 bits, of the encoded events since the last `check` or `keyframe-mark`."""

    def __init__(self):
        self.value = 2166136261

    def add(self, data):
        value = self.value
        for byte in data:
            value = ((value ^ byte) * 16777619) & U32
        self.value = value


class Ram:
    """RAM as the pages of a relog make it."""

    def __init__(self, regions):
        self.regions = [(region["start"], bytearray(region["size"])) for region in regions]

    def page(self, number):
        """The region's bytes and where in them the page begins. All pages that are asked for are in RAM."""
        return next((data, number * PAGE - start) for start, data in self.regions
                    if start <= number * PAGE < start + len(data))

    def take(self, numbers, sources, data):
        taken = 0
        for number, source in zip(numbers, sources):
            if source == FROM_DATA:
                page = data[taken:taken + PAGE]
                taken += PAGE
            elif source == ZEROS:
                page = bytes(PAGE)
            else:
                # What the source holds now: pages before this one are in place, those behind it are not.
                region, at = self.page(source)
                page = region[at:at + PAGE]
            region, at = self.page(number)
            region[at:at + PAGE] = page

    def digest(self):
        hash = hashlib.sha256()
        for _, data in self.regions:
            hash.update(data)
        return hash.hexdigest()


class Relog:
    def __init__(self, container, on_event, on_keyframe=None, on_hint=None):
        """`on_keyframe`: called with each keyframe and RAM, which is kept only for it; `on_hint`: with the store's path."""
        self.container = container
        self.on_event = on_event
        self.on_keyframe = on_keyframe
        self.on_hint = on_hint
        self.counts = {}
        self.position = 0
        self.digest = Fnv()
        self.ended = False
        self.keyframes = 0
        self.mark = None  # index and position of a keyframe that must come next
        self.in_keyframe = False
        self.last_page = -1
        self.regions = []
        self.ram = None
        self.reach = 0  # of the frame before

    def read(self):
        take = {PAGES: self.take_pages, KEYFRAME: self.take_keyframe, EVENTS: self.take_events}
        first = True
        for kind, reach, payload in self.container.frames():
            need(reach >= self.reach, "the frames are not in the order of time")
            if first:
                need(kind == HEADER, "the header is missing")
                self.take_header(payload)
                need(reach == self.position, "the header's frame is not at the start")
                first = False
            elif kind in take:
                take[kind](payload)
                need(kind == EVENTS or reach == self.position, "a keyframe's frame is not at its position")
                need(self.position <= reach, "a frame of events goes beyond what its header says")
            else:
                need(kind != HEADER, "there is more than one header")
            self.reach = reach
        if self.container.cut_off:
            return
        need(self.ended and not self.in_keyframe and self.mark is None, "it ends too early")
        need(self.container.end_reach == self.position, "the end frame is not where the run ended")
        need(self.container.outcome["events"] == sum(self.counts.values()), "the number of events is not what its end says")
        need(self.container.outcome["keyframes"] == self.keyframes, "the number of keyframes is not what its end says")

    def take_header(self, payload):
        header = read_only_item(payload, "the header")
        check_shape(header, {"start": U64, "guest": {"name": "text", "hash": "text"}}, "the header")
        need(header.get("flags", "defined") == "defined", "flags are to be \"defined\", or not to be told of")
        need(header.get("float", "processor") == "processor", "float is to be \"processor\", or not to be told of")
        self.regions = header.get("ram")
        need(isinstance(self.regions, list) and 1 <= len(self.regions) <= 64, "the map of RAM is impossible")
        before = 0
        for region in self.regions:
            check_shape(region, {"start": U32, "size": 1 << 32}, "a region of RAM")
            start, end = region["start"], region["start"] + region["size"]
            need(start % PAGE == 0 and end % PAGE == 0 and before <= start < end <= 1 << 32, "the map of RAM is impossible")
            before = end
        self.position = header["start"]
        self.mark = (0, self.position)
        if self.on_keyframe is not None:
            self.ram = Ram(self.regions)
        if self.container.major >= 2 and "store" in header:
            check_shape(header["store"], {"id": "text", "path": "text"}, "the header's store")
            if self.on_hint is not None:
                self.on_hint(header["store"]["path"])

    def in_ram(self, address, size):
        return any(r["start"] <= address and address + size <= r["start"] + r["size"] for r in self.regions)

    def take_pages(self, payload):
        need(self.mark is not None, "there are pages without a keyframe")
        pages = read_only_item(payload, "a pages frame")
        check_shape(pages, {"numbers": "bytes", "data": "bytes"}, "a pages frame")
        count = len(pages["numbers"]) // 4
        need(len(pages["numbers"]) == 4 * count, "a pages frame has a wrong length")
        sources = self.sources_of(pages, count)
        need(len(pages["data"]) == PAGE * sources.count(FROM_DATA), "a pages frame has a wrong length")
        numbers = struct.unpack(f"<{count}I", pages["numbers"])
        for number in numbers:
            need(number > self.last_page, "pages are not in order")
            need(self.in_ram(number * PAGE, PAGE), "a page is outside RAM")
            self.last_page = number
        if self.ram is not None:
            self.ram.take(numbers, sources, pages["data"])
        self.in_keyframe = True

    def sources_of(self, pages, count):
        """Where each page comes from. Version 1, and frames without copies, have the contents of all."""
        if self.container.major < 2 or "sources" not in pages:
            return (FROM_DATA,) * count
        check_shape(pages, {"sources": "bytes"}, "a pages frame")
        need(len(pages["sources"]) == 4 * count, "a pages frame has a wrong length")
        sources = struct.unpack(f"<{count}I", pages["sources"])
        for source in sources:
            need(source in (FROM_DATA, ZEROS) or self.in_ram(source * PAGE, PAGE), "a page is a copy of what is outside RAM")
        return sources

    def take_keyframe(self, payload):
        keyframe = read_only_item(payload, "a keyframe")
        check_shape(keyframe, {"index": U32, "position": U64, "state": CPU_STATE}, "a keyframe")
        need(self.mark == (keyframe["index"], keyframe["position"]), "a keyframe is not where its mark is")
        need(keyframe["index"] == self.keyframes, "keyframes are not in order")
        if self.ram is not None:
            self.on_keyframe(keyframe, self.ram)
        self.keyframes += 1
        self.mark, self.in_keyframe, self.last_page = None, False, -1

    def take_events(self, payload):
        need(self.mark is None and not self.in_keyframe, "there are events where a keyframe should be")
        need(not self.ended, "there are events after the end")
        major, base, at = read_head(payload, 0)
        need(major == 0 and base == self.position, "a frame of events does not begin with the position that was reached")
        while at < len(payload):
            need(not self.ended and self.mark is None, "an event is behind the last one of its frame")
            event, end = read_item(payload, at)
            self.take_event(event, payload[at:end])
            at = end

    def take_event(self, event, encoded):
        need(isinstance(event, list) and event and is_integer(event[0], U8) and event[0] in KINDS, "an event is of no known kind")
        kind, (name, fields) = event[0], KINDS[event[0]]
        values = event[1:]
        if kind >= FIRST_POSITIONED:
            need(values and is_integer(values[0], U64), f"a {name} has no position")
            self.position += values.pop(0)
            need(self.position <= U64, "a position is beyond 64 bits")
            need(self.position >= self.reach, "an event is before what the frame before it reaches")
        need(len(values) == len(fields), f"a {name} has a wrong number of fields")
        event = dict(zip((field for field, _ in fields), values))
        for field, shape in fields:
            check_shape(event[field], shape, f"{name}.{field}")
        self.check_rules(name, event)
        self.counts[name] = self.counts.get(name, 0) + 1
        self.on_event(self.position, kind >= FIRST_POSITIONED, name, event)
        if name in ("check", "keyframe-mark"):
            self.digest = Fnv()
        else:
            self.digest.add(encoded)

    def check_rules(self, name, event):
        if name in ("port-read", "mmio-read"):
            need(event["size"] in (1, 2, 4) and event["value"] >> (8 * event["size"]) == 0, f"a {name} has an impossible size")
        elif name == "exception":
            need(event["cr2"] is None or event["vector"] == PAGE_FAULT, "an exception that is no page fault has an address")
        elif name == "dma":
            need(self.in_ram(event["address"], len(event["data"])), "a dma writes outside RAM")
        elif name == "check":
            need(event["digest"] == self.digest.value, f"the digest of the check at {self.position} is wrong")
        elif name == "state":
            check_shape(read_only_item(event["state"], "a state"), CPU_STATE, "a state")
        elif name == "effect":
            need(1 <= len(event["code"]) <= LONGEST_INSTRUCTION, "an effect is of no instruction")
            after = read_only_item(event["after"], "what follows an effect")
            need(isinstance(after, dict) and "eip" in after and "eflags" in after, "an effect does not say where it goes on")
            check_shape(after, {key: shape for key, shape in CPU_STATE.items() if key in after}, "what follows an effect")
            writes = read_only_item(event["writes"], "what an effect writes")
            need(isinstance(writes, list), "what an effect writes is no list")
            for write in writes:
                need(isinstance(write, list) and len(write) == 2, "a write is no pair")
                check_shape(write[0], U32, "the address of a write")
                check_shape(write[1], "bytes", "a write")
                need(write[1] and self.in_ram(write[0], len(write[1])), "an effect writes outside RAM")
        elif name == "keyframe-mark":
            self.mark = (event["index"], self.position)
        elif name == "end":
            self.ended = True


def text_of(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return "[" + " ".join(f"{item:#x}" for item in value) + "]"
    return "-" if value is None else f"{value:#x}"


def show(position, positioned, name, event):
    """A synchronous event has no position: `+` stands before that of the event with one before it."""
    fields = " ".join(f"{field}={text_of(value)}" for field, value in event.items())
    print(f"{position if positioned else f'+{position}'} {name} {fields}")


def show_ram(keyframe, ram):
    print(f"{keyframe['position']} {keyframe['index']} {ram.digest()}")


def main():
    parser = argparse.ArgumentParser(description="Read a relog, check all of it, and count its events by kind.")
    parser.add_argument("file", help="a relog; - is standard input")
    parser.add_argument("--list", action="store_true", help="list every event instead")
    parser.add_argument("--ram", action="store_true", help="list position, index, and SHA-256 of RAM, of every keyframe instead")
    parser.add_argument("--store", metavar="DIR", help="where contents are that are not in the file")
    arguments = parser.parse_args()
    piped = arguments.file == "-"
    try:
        stream = sys.stdin.buffer if piped else open(arguments.file, "rb")
    except OSError as error:
        print(f"read_relog: {arguments.file} cannot be read: {error.strerror}.", file=sys.stderr)
        return 3
    stores = Stores([arguments.store] if arguments.store else [])
    beside = None if piped else os.path.dirname(arguments.file)
    try:
        container = Container(stream, stores)
        relog = Relog(container, show if arguments.list else lambda *_: None, show_ram if arguments.ram else None,
                      lambda path: stores.hint(path, beside))
        relog.read()
        if not arguments.list and not arguments.ram:
            for name in (name for name, _ in KINDS.values() if name in relog.counts):
                print(name, relog.counts[name])
        sys.stdout.flush()
    except Damage as damage:
        print(f"read_relog: {arguments.file} is damaged: {damage}.", file=sys.stderr)
        return 1
    except Missing as missing:
        print(f"read_relog: {arguments.file} needs what is not here: {missing}.", file=sys.stderr)
        return 3
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if container.cut_off:
        print(f"read_relog: {arguments.file} is cut off: it was read up to there.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
