"""Maps the top-level folders ``backends`` and ``converters`` into the one installed name ``hlsq``.

Subpackages are discovered folder by folder, so that a new one cannot be forgotten in a list.
"""

from setuptools import find_packages, setup

MAPPED = {"hlsq": "hlsq", "hlsq.backends": "backends", "hlsq.converters": "converters"}

packages = []
package_dir = {}
for name, folder in MAPPED.items():
    packages.append(name)
    package_dir[name] = folder
    for sub in find_packages(folder):
        packages.append(f"{name}.{sub}")

setup(packages=packages, package_dir=package_dir)
