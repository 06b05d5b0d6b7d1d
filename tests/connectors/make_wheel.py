"""Makes a wheel of one module: make_wheel.py FOLDER PACKAGE VERSION REQUIRES_PYTHON MODULE_FILE."""

import sys
import zipfile

folder, package, version, requires, module = sys.argv[1:]
name = package.replace("-", "_")
info = f"{name}-{version}.dist-info"
inner = package.removeprefix("airbyte-").replace("-", "_")
files = {
    f"{inner}/__init__.py": "",
    f"{inner}/run.py": open(module).read(),
    f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\nRequires-Python: {requires}\n",
    f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    f"{info}/entry_points.txt": f"[console_scripts]\n{package.removeprefix('airbyte-')} = {inner}.run:run\n",
}
with zipfile.ZipFile(f"{folder}/{name}-{version}-py3-none-any.whl", "w") as wheel:
    for path, text in files.items():
        wheel.writestr(path, text)
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    wheel.writestr(f"{info}/RECORD", record)
