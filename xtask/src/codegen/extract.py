# Prints botocore's cognito-idp model without prose, struct members as an ordered list (JSON objects lose their order later).
import gzip
import json
import os
import sys

MODEL = "data/cognito-idp/2016-04-18/service-2.json.gz"
if len(sys.argv) > 1:
    path = sys.argv[1]
    if os.path.isdir(path):
        inner = os.path.join(path, "botocore")
        path = os.path.join(inner if os.path.isdir(inner) else path, MODEL)
else:
    import botocore

    path = os.path.join(os.path.dirname(botocore.__file__), MODEL)
with open(path, "rb") as file:
    raw = file.read()
model = json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
for shape in model["shapes"].values():
    shape.pop("documentation", None)
    if "members" in shape:
        shape["members"] = [{"name": name, "shape": member["shape"]} for name, member in shape["members"].items()]
for operation in model["operations"].values():
    operation.pop("documentation", None)
json.dump({"shapes": model["shapes"], "operations": model["operations"]}, sys.stdout)
